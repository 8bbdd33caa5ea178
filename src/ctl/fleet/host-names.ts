import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../../errors/reason-of.js';
import { userDirectory } from '../model/user-directory.js';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';

/** The hosts to ask: `--host`, else $VSOCKCTL_HOSTS, else the hosts file. Each name once, in the order given. */
export function chooseHosts(given: readonly string[], environment: NodeJS.ProcessEnv): string[] {
  if (given.some((words) => /^\s*,|,\s*(,|$)/.test(words)))
    throw new VsocketError(
      'usage',
      `--host ${given.join(' ')} has an empty name in it`,
      'is a variable unset?',
      ExitCode.usage,
    );
  const file = hostsFile(environment);
  for (const read of [
    () => given.join(','),
    () => environment['VSOCKCTL_HOSTS'] ?? '',
    () => readIfThere(file),
  ]) {
    const names = splitNames(read());
    if (names.length > 0) return names;
  }
  throw new VsocketError(
    'no-hosts',
    'no hosts are configured',
    `name them with --host, in VSOCKCTL_HOSTS, or one a line in ${file}`,
    ExitCode.usage,
  );
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new VsocketError(
      'no-hosts',
      `cannot read the list of hosts ${file}: ${reasonOf(error)}`,
      'make it readable, or name hosts with --host',
      ExitCode.usage,
    );
  }
}

/** `$XDG_CONFIG_HOME/vsockctl/hosts`, `~/.config/vsockctl/hosts` by default. */
export function hostsFile(environment: NodeJS.ProcessEnv): string {
  return join(userDirectory(environment, 'XDG_CONFIG_HOME', '.config'), 'hosts');
}

/** Names separated by blanks, commas or newlines; `#` starts a comment. */
export function splitNames(text: string): string[] {
  const names = text
    .replace(/#.*$/gm, '')
    .split(/[\s,]+/)
    .filter((name) => name !== '');
  return [...new Set(names)];
}
