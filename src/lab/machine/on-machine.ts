import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { LabPaths } from '../lab-paths.js';
import { recordProcess } from '../process-record.js';
import { waitUntil } from '../wait-until.js';
import { bootMilliseconds } from './machine-report.js';

/** ssh’s own socket (ControlPath of ssh_config(5)) for the connection that the lab keeps open. */
const connectionOf = (paths: LabPaths, host: string): string => paths.machineFile(host, 'ssh');

const sshOptions = (paths: LabPaths, host: string): string[] => [
  ...['-F', paths.sshConfig, '-o', `ControlPath=${connectionOf(paths, host)}`],
  ...['-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR'],
];

/** Opens the connection in which commands run: without it, each would make one, which takes seconds. */
export async function openConnection(paths: LabPaths, host: string): Promise<void> {
  const ssh = spawn('ssh', [...sshOptions(paths, host), '-o', 'ControlMaster=yes', '-N', host], {
    stdio: 'ignore',
    detached: true,
    cwd: '/',
  });
  await recordProcess(paths, `${host}.ssh`, ssh.pid!);
  ssh.unref();
  const isOpen = (): Promise<boolean> => Promise.resolve(existsSync(connectionOf(paths, host)));
  const console = paths.machineFile(host, 'console.log');
  await waitUntil(`ssh to ${host} is open`, isOpen, console, bootMilliseconds);
}

/** The command line that runs a shell command in a machine; `options` are for ssh itself. */
export const onMachine = (
  paths: LabPaths,
  host: string,
  command: string,
  options: readonly string[] = [],
): [command: string, ...args: string[]] => ['ssh', ...sshOptions(paths, host), ...options, host, command];
