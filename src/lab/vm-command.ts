import { findHost, findVm, notUp } from './find-place.js';
import { channelInVm, guestLibrary, type LabPaths } from './lab-paths.js';
import { enterMachine } from './namespaces.js';
import { isRunning, readProcessRecords } from './process-record.js';

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
  const holder = await runningHolder(paths, findVm(vm).name, `VM ${vm}`);
  return ['nsenter', ...enterMachine(holder, options.directory), ...withLibrary(program, options)];
}

/** The same for a host. */
export async function hostCommand(
  paths: LabPaths,
  host: string,
  program: string[],
  directory: string,
): Promise<[command: string, ...args: string[]]> {
  const holder = await runningHolder(paths, findHost(host).name, `host ${host}`);
  return ['nsenter', ...enterMachine(holder, directory), ...program];
}

/** The library is for the program alone, so whatever leads to it must not load it. */
export const withLibrary = (program: string[], { plain }: VmCommandOptions): string[] =>
  plain ? program : ['env', `LD_PRELOAD=${guestLibrary}`, `VSOCKET_CHANNEL=${channelInVm}`, ...program];

async function runningHolder(paths: LabPaths, machine: string, what: string): Promise<number> {
  const holder = (await readProcessRecords(paths)).get(`${machine}.holder`);
  if (!isRunning(holder)) throw notUp(what, paths.name);
  return holder.pid;
}
