import { writeFile } from 'node:fs/promises';
import { VsocketError } from '../errors/vsocket-error.js';
import { startHolderProcess, type HolderOptions } from './holder-process.js';
import type { LabPaths } from './lab-paths.js';
import { recordProcess } from './process-record.js';
import { runCommand } from './run-command.js';

/** Makes the network, mount and UTS namespaces of a machine (a host or a VM). Returns its holder’s pid. */
export async function startMachine(
  paths: LabPaths,
  machine: string,
  { preparation = [], ...options }: HolderOptions = {},
): Promise<number> {
  const note = async (pid: number): Promise<void> => {
    const pin = paths.namespace(machine);
    await writeFile(pin, '');
    await runCommand('mount', ['--bind', `/proc/${pid}/ns/net`, pin]);
    await recordProcess(paths, `${machine}.holder`, pid);
  };
  const pid = await startHolderProcess(['--net', '--mount', '--uts'], note, {
    ...options,
    preparation: [['hostname', machine], ...preparation],
  });
  if (pid === null) {
    throw new VsocketError('no-namespaces', `cannot make the namespaces of ${machine}`, 'run it as root');
  }
  return pid;
}

/**
 * Arguments for nsenter: all namespaces of a machine, and its user namespace where the lab has one.
 * nsenter execs the program, so the pid stays.
 */
export const enterMachine = (
  holder: number,
  directory = '/',
  ofAnotherUser = process.getuid?.() !== 0,
): string[] => [
  `--target=${holder}`,
  ...(ofAnotherUser ? ['--user', '--preserve-credentials'] : []),
  '--net',
  '--mount',
  '--uts',
  `--wdns=${directory}`,
  '--',
];

/** A machine, by the process that holds its namespaces; null is the one that this process is in. */
export type Holder = number | null;

/** The command line that runs a program in a machine’s namespaces. */
export const commandInside = (holder: Holder, command: string, args: string[]): [string, ...string[]] =>
  holder === null ? [command, ...args] : ['nsenter', ...enterMachine(holder), command, ...args];

/** Runs a program in a machine’s namespaces to its end and returns its stdout. */
export function runInside(holder: Holder, command: string, args: string[], input = ''): Promise<string> {
  const [program, ...words] = commandInside(holder, command, args);
  return runCommand(program, words, { input });
}
