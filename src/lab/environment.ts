import { join } from 'node:path';
import { projectDirectory, type LabPaths } from './lab-paths.js';
import { quoteForShell } from './quote-for-shell.js';
import { hosts } from './topology.js';

/** What a program needs to find this lab with vsockctl. */
export const labEnvironment = (paths: LabPaths): Record<string, string> => ({
  VSOCKCTL_SSH_CONFIG: paths.sshConfig,
  VSOCKCTL_HOSTS: hosts.map(({ name }) => name).join(','),
  PATH: `${join(projectDirectory, 'bin')}:${process.env.PATH ?? ''}`,
});

/** The same for a shell to evaluate. */
export const shellExports = (paths: LabPaths): string =>
  Object.entries(labEnvironment(paths))
    .map(([name, value]) => `export ${name}=${quoteForShell(value)}\n`)
    .join('');
