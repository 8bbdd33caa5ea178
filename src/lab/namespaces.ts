import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { VsocketError } from '../errors/vsocket-error.js';
import type { LabPaths } from './lab-paths.js';
import { recordProcess } from './process-record.js';
import { runCommand } from './run-command.js';

/**
 * The holder says that its namespaces exist, and waits until they are pinned and noted. Should `up` be killed
 * in between, it reads the end of its input and ends: nothing is left that nobody knows of.
 */
const holderScript = 'echo made && read -r noted && exec sleep infinity </dev/null >/dev/null 2>&1';

/**
 * Starts the process that stands for a machine (a host or a VM): it holds network, mount and UTS namespaces,
 * and `memory`, if given, as its descriptor 3. Returns its pid.
 */
export async function startHolder(paths: LabPaths, machine: string, memory?: number): Promise<number> {
  const holder = spawn('unshare', ['--net', '--mount', '--uts', '--', 'sh', '-c', holderScript], {
    stdio: ['pipe', 'pipe', 'ignore', ...(memory === undefined ? [] : [memory])],
    detached: true,
    cwd: '/',
  });
  const made = await Promise.race([once(holder.stdout!, 'data'), once(holder, 'close')]);
  const pid = holder.pid;
  if (pid === undefined || !Buffer.isBuffer(made[0])) {
    throw new VsocketError('no-namespaces', `cannot make the namespaces of ${machine}`);
  }
  const pin = paths.namespace(machine);
  await writeFile(pin, '');
  await runCommand('mount', ['--bind', `/proc/${pid}/ns/net`, pin]);
  await recordProcess(paths, `${machine}.holder`, pid);
  holder.stdin!.end('noted\n');
  holder.stdout!.destroy();
  holder.unref();
  await runInside(pid, 'hostname', [machine]);
  return pid;
}

/** Arguments for nsenter: all namespaces of a machine. It execs the program, so the pid stays. */
export const enterMachine = (holder: number, directory = '/'): string[] => [
  `--target=${holder}`,
  '--net',
  '--mount',
  '--uts',
  `--wdns=${directory}`,
  '--',
];

/** Runs a program in a machine’s namespaces to its end and returns its stdout. */
export const runInside = (holder: number, command: string, args: string[], input = ''): Promise<string> =>
  runCommand('nsenter', [...enterMachine(holder), command, ...args], { input });
