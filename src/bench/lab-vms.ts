import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { VsocketError } from '../errors/vsocket-error.js';
import { LabPaths } from '../lab/lab-paths.js';
import { readProcessRecords } from '../lab/process-record.js';
import { vms as labVms } from '../lab/topology.js';
import { processorSeconds } from './processor-time.js';
import type { Role, RunOptions, Started, Vms } from './vms.js';

const labProgram = fileURLToPath(new URL('../../../bin/vsocket-lab', import.meta.url));
const labName = 'bench';
const vmOf: Record<Role, string> = { asking: 'red1', serving: 'red2' };
const startMilliseconds = 20_000;
const stopMilliseconds = 3000;
/** Below the ports that Linux gives to clients (ip_local_port_range). */
const firstPort = 20_000;

/** Two VMs of one host in a laboratory of the benchmark’s own. */
export class LabVms implements Vms {
  readonly serverAddress: string;
  private nextPort = firstPort;
  private readonly host: string;

  private constructor(private readonly signal: AbortSignal) {
    const server = labVms.find(({ name }) => name === vmOf.serving);
    if (!server) throw new Error(`the lab has no VM ${vmOf.serving}`);
    this.serverAddress = server.address;
    this.host = server.host;
  }

  /** Opens the lab for `use`, and takes it down whatever happens. */
  static async open<Result>(signal: AbortSignal, use: (vms: Vms) => Promise<Result>): Promise<Result> {
    const vms = new LabVms(signal);
    try {
      await finish(vms.lab(['up'], signal), 'vsocket-lab up');
      return await use(vms);
    } finally {
      await finish(vms.lab(['down']), 'vsocket-lab down');
    }
  }

  freshPort(): string {
    return String(this.nextPort++);
  }

  ask(command: readonly string[], options: RunOptions): Promise<string> {
    return finish(this.exec('asking', command, options), command.join(' '));
  }

  async start(vm: Role, command: readonly string[], ready: RegExp, options: RunOptions): Promise<Started> {
    const child = this.exec(vm, command, options);
    const what = command.join(' ');
    await untilReady(child, ready, what);
    return { stop: () => stop(child) };
  }

  async vsockdSeconds(): Promise<number> {
    const record = (await readProcessRecords(new LabPaths(labName))).get(`${this.host}.vsockd`);
    if (!record) throw new VsocketError('no-vsockd', `the lab has no vsockd on ${this.host}`);
    return processorSeconds(record.pid);
  }

  private exec(vm: Role, command: readonly string[], { plain }: RunOptions): ChildProcess {
    return this.lab(['exec', ...(plain ? ['--plain'] : []), vmOf[vm], '--', ...command], this.signal);
  }

  private lab([command = '', ...words]: string[], signal?: AbortSignal): ChildProcess {
    const child = spawn(process.execPath, [labProgram, command, '--name', labName, ...words], {
      stdio: 'pipe',
      ...(signal ? { signal } : {}),
    });
    child.on('error', () => undefined); // an abort; whoever waits for it sees the end
    return child;
  }
}

async function finish(child: ChildProcess, what: string): Promise<string> {
  let stdout = '';
  let stderr = '';
  child.stdin?.end();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code === 0) return stdout;
  throw failure(what, stderr, code ?? signal);
}

function failure(what: string, stderr: string, outcome: number | string | null): VsocketError {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  return new VsocketError('program-failed', `${what}: ${line === '' ? `ended with ${outcome}` : line}`);
}

function untilReady(child: ChildProcess, ready: RegExp, what: string): Promise<void> {
  let stdout = '';
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGTERM');
      reject(new VsocketError('program-failed', `${what}: not ready in ${startMilliseconds / 1000} s`));
    }, startMilliseconds);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (!ready.test(stdout)) return;
      clearTimeout(late);
      resolve();
    });
    child.once('close', (code, signal) => {
      clearTimeout(late);
      reject(failure(what, stderr, code ?? signal));
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  child.stdin?.end();
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (ended()) return;
    if (signal === 'SIGTERM') await Promise.race([once(child, 'close'), sleep(100)]);
    if (ended()) return;
    child.kill(signal);
    await Promise.race([once(child, 'close'), sleep(stopMilliseconds)]);
  }
}
