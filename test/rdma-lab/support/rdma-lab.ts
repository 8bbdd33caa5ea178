import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { labEnvironment } from '../../../src/lab/environment.js';
import { LabPaths } from '../../../src/lab/lab-paths.js';
import type { LabStatus } from '../../../src/lab/status.js';
import { lab, labOk, type Ended } from '../../lab/support/lab-program.js';
import { runVsockctl, type Run } from '../../ctl/support/run-vsockctl.js';
import { WatchedList } from './watched-list.js';

const labProgram = fileURLToPath(new URL('../../../../bin/vsocket-lab', import.meta.url));

export interface VmOptions {
  /** Without the guest library. */
  plain?: boolean;
}

/**
 * A laboratory of emulated machines that all cases share: whoever changes its state changes it back. Machines do not
 * see files that change outside while they run (their view of them is cached): write a file where it is read.
 */
export class RdmaLab {
  readonly paths: LabPaths;

  private constructor(readonly name: string) {
    this.paths = new LabPaths(name);
  }

  /** @param options for `vsocket-lab up`, such as --carry-without-rdma */
  static async open(...options: string[]): Promise<RdmaLab> {
    const opened = new RdmaLab(`rdma-${process.pid}`);
    await labOk('up', '--rdma', ...options, '--name', opened.name);
    return opened;
  }

  close(): Promise<string> {
    return labOk('down', '--name', this.name);
  }

  async status(): Promise<LabStatus> {
    return JSON.parse((await lab(['status', '--name', this.name, '-o', 'json'])).stdout) as LabStatus;
  }

  /** vsockctl outside, as an operator runs it; emulated machines may take their time. */
  vsockctl(...words: string[]): Promise<Run> {
    return runVsockctl([...words, '--timeout', '100'], labEnvironment(this.paths));
  }

  /** The rows of a list again and again; whoever watches closes it. */
  watch<Row extends { host: string; id: string }>(list: string): WatchedList<Row> {
    return new WatchedList(list, labEnvironment(this.paths));
  }

  /** A command on a hypervisor to its end; it must succeed. Returns its stdout. */
  onHost(host: string, ...command: string[]): Promise<string> {
    return succeeded(command, lab(['exec', '--name', this.name, '--host', host, '--', ...command]));
  }

  /** A command in a VM to its end; it must succeed. Returns its stdout. */
  inVm(vm: string, command: string[], options: VmOptions = {}): Promise<string> {
    return succeeded(command, lab(this.vmWords(vm, command, options)));
  }

  /** A program on a hypervisor that stays; pipes for stdin, stdout and stderr. `end` ends it. */
  spawnOnHost(host: string, ...command: string[]): ChildProcess {
    return spawn(labProgram, ['exec', '--name', this.name, '--host', host, '--', ...command]);
  }

  /** A program in a VM that stays. */
  spawnInVm(vm: string, command: string[], options: VmOptions = {}): ChildProcess {
    return spawn(labProgram, this.vmWords(vm, command, options));
  }

  /** Ends a program that stays, and waits for its end. */
  async end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }

  /** Waits until somebody listens on a TCP port of a VM. */
  untilListens(vm: string, port: number): Promise<void> {
    return this.until(`${vm} listens on port ${port}`, async () => {
      const sockets = await this.inVm(vm, ['ss', '-Hltn', `sport = ${port}`], { plain: true });
      return sockets !== '';
    });
  }

  async until(what: string, condition: () => Promise<boolean>, limitSeconds = 300): Promise<void> {
    const deadline = Date.now() + limitSeconds * 1000;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`waited ${limitSeconds} s in vain until ${what}`);
      await sleep(200);
    }
  }

  private vmWords(vm: string, command: string[], { plain }: VmOptions): string[] {
    return ['exec', '--name', this.name, vm, ...(plain ? ['--plain'] : []), '--', ...command];
  }
}

async function succeeded(command: string[], ending: Promise<Ended>): Promise<string> {
  const { stdout, stderr, code, signal } = await ending;
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code ?? signal}: ${stderr}${stdout}`);
  return stdout;
}
