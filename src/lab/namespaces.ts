import { writeFile } from 'node:fs/promises';
import { VsocketError } from '../errors/vsocket-error.js';
import { startHolderProcess } from './holder-process.js';
import type { LabPaths } from './lab-paths.js';
import { recordProcess } from './process-record.js';
import { runCommand } from './run-command.js';

/** Makes the network, mount and UTS namespaces of a machine (a host or a VM). Returns its holder’s pid. */
export async function startMachine(paths: LabPaths, machine: string, memory?: number): Promise<number> {
  const note = async (pid: number): Promise<void> => {
    const pin = paths.namespace(machine);
    await writeFile(pin, '');
    await runCommand('mount', ['--bind', `/proc/${pid}/ns/net`, pin]);
    await recordProcess(paths, `${machine}.holder`, pid);
  };
  const pid = await startHolderProcess(['--net', '--mount', '--uts'], note, memory);
  if (pid === null) {
    throw new VsocketError('no-namespaces', `cannot make the namespaces of ${machine}`, 'run it as root');
  }
  await runInside(pid, 'hostname', [machine]);
  return pid;
}

/**
 * Arguments for nsenter: all namespaces of a machine, and its user namespace where the lab has one.
 * nsenter execs the program, so the pid stays.
 */
export const enterMachine = (holder: number, directory = '/'): string[] => [
  `--target=${holder}`,
  ...(process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials']),
  '--net',
  '--mount',
  '--uts',
  `--wdns=${directory}`,
  '--',
];

/** Runs a program in a machine’s namespaces to its end and returns its stdout. */
export const runInside = (holder: number, command: string, args: string[], input = ''): Promise<string> =>
  runCommand('nsenter', [...enterMachine(holder), command, ...args], { input });
