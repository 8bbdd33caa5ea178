import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';
import { replaceProcess } from '../native/replace-process.js';
import { isBelowRun, type LabPaths } from './lab-paths.js';
import { readPlan } from './lab-plan.js';
import { machineHostCommand, machineVmCommand } from './machine/machine-command.js';
import { onMachine } from './machine/on-machine.js';
import { runOnMachine } from './machine/run-on-machine.js';
import { shellCommand } from './quote-for-shell.js';
import { findHost, findVm } from './find-place.js';
import { hostCommand, vmCommand } from './vm-command.js';

export interface ExecOptions {
  /** On a hypervisor itself; else the first word is the VM. */
  host?: string;
  plain?: true;
  print?: true;
}

/** Runs a program in a VM or on a host, or prints the command line that does. */
export async function execProgram(paths: LabPaths, words: string[], options: ExecOptions): Promise<void> {
  const vm = options.host === undefined ? findVm(words[0] ?? '') : null;
  const program = vm === null ? words : words.slice(1);
  if (program.length === 0) {
    const remedy = 'give one after two dashes: vsocket-lab exec red1 -- hostname';
    throw new VsocketError('no-command', 'no command to run', remedy, ExitCode.usage);
  }
  const host = findHost(vm?.host ?? options.host!);
  const plain = options.plain === true;
  const directory = process.cwd();
  if ((await readPlan(paths))?.rdma) {
    // What is below /run is another in the machine.
    const there = isBelowRun(`${directory}/`) ? '/' : directory;
    const command = vm
      ? await machineVmCommand(paths, vm, program, { plain, directory: there })
      : machineHostCommand(program, there);
    if (options.print) print(onMachine(paths, host.name, shellCommand(command)));
    else await runOnMachine(paths, host.name, command);
    return;
  }
  const [command, ...args] = vm
    ? await vmCommand(paths, vm.name, program, { plain, directory })
    : await hostCommand(paths, host.name, program, directory);
  // The process that runs the command becomes the program, and gets its signals and its exit code.
  if (options.print) print([command, ...args]);
  else replaceProcess(command, args, process.env as Record<string, string>);
}

const print = (words: string[]): void => void process.stdout.write(`${shellCommand(words)}\n`);
