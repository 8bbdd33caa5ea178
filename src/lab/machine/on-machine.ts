import { quoteForShell } from '../quote-for-shell.js';
import type { LabPaths } from '../lab-paths.js';

/** The command line that runs one in a machine, over SSH; `options` are for ssh itself. */
export const onMachine = (
  paths: LabPaths,
  host: string,
  command: readonly string[],
  options: readonly string[] = [],
): [command: string, ...args: string[]] => [
  'ssh',
  ...['-F', paths.sshConfig, '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=20', '-o', 'LogLevel=ERROR'],
  ...options,
  host,
  command.map(quoteForShell).join(' '),
];
