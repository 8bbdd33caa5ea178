import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../../errors/reason-of.js';
import { userDirectory } from '../model/user-directory.js';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';

/**
 * The hosts to ask: `--host`, else $VSOCKCTL_HOSTS, else the hosts file. Each name once, in the order given. What was
 * given and names nobody is an error: an unset variable of a script must not mean all hosts.
 */
export function chooseHosts(given: readonly string[], environment: NodeJS.ProcessEnv): string[] {
  if (given.length > 0) return namesIn('--host', given);
  const fromEnvironment = environment['VSOCKCTL_HOSTS'];
  if (fromEnvironment !== undefined) return namesIn('VSOCKCTL_HOSTS', [fromEnvironment]);
  const file = hostsFile(environment);
  const names = splitNames(readIfThere(file));
  if (names.length > 0) return names;
  throw new VsocketError(
    'no-hosts',
    'no hosts are configured',
    `name them with --host, in VSOCKCTL_HOSTS, or one a line in ${file}`,
    ExitCode.usage,
  );
}

/** The names in what was given, of which each text must have one. */
function namesIn(source: string, texts: readonly string[]): string[] {
  for (const text of texts) {
    const words = withoutComments(text).trim();
    if (words !== '' && !/^,|,\s*(,|$)/.test(words)) continue;
    const what = words === '' ? 'names no host' : 'has an empty name in it';
    throw new VsocketError('usage', `${source} “${text}” ${what}`, 'is a variable unset?', ExitCode.usage);
  }
  return [...new Set(texts.flatMap(splitNames))];
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
function splitNames(text: string): string[] {
  const names = withoutComments(text)
    .split(/[\s,]+/)
    .filter((name) => name !== '');
  return [...new Set(names)];
}

function withoutComments(text: string): string {
  return text.replace(/#.*$/gm, '');
}
