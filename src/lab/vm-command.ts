import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';
import { channelInVm, guestLibrary, type LabPaths } from './lab-paths.js';
import { enterMachine } from './namespaces.js';
import { isRunning, readProcessRecords } from './process-record.js';
import { vms } from './topology.js';

export interface VmCommandOptions {
  /** Without the guest library: the program sees TCP only. */
  plain?: boolean;
  /** Working directory, as the VM sees it. */
  directory?: string;
}

/**
 * The command line that runs a program in a VM. Everything in it ends in exec: the process that starts it
 * becomes the program, and gets its signals and its exit code.
 */
export async function vmCommand(
  paths: LabPaths,
  vm: string,
  program: string[],
  options: VmCommandOptions = {},
): Promise<[command: string, ...args: string[]]> {
  if (!vms.some(({ name }) => name === vm)) {
    const names = vms.map(({ name }) => name).join(', ');
    throw new VsocketError('no-such-vm', `the lab has no VM ${vm}`, `there are ${names}`, ExitCode.notFound);
  }
  const holder = (await readProcessRecords(paths)).get(`${vm}.holder`);
  if (!isRunning(holder)) {
    const remedy = `run vsocket-lab up --name ${paths.name}`;
    throw new VsocketError(
      'lab-not-up',
      `VM ${vm} of lab ${paths.name} does not run`,
      remedy,
      ExitCode.notFound,
    );
  }
  // The library is for the program alone, so nsenter itself must not load it.
  const library = options.plain
    ? []
    : ['env', `LD_PRELOAD=${guestLibrary}`, `VSOCKET_CHANNEL=${channelInVm}`];
  return ['nsenter', ...enterMachine(holder.pid, options.directory), ...library, ...program];
}
