import { isAbsolute, join } from 'node:path';

/** The user’s own directory of one kind. As the XDG rules have it, a path that is not absolute is not taken. */
export function userDirectory(
  environment: NodeJS.ProcessEnv,
  variable: 'XDG_CONFIG_HOME' | 'XDG_STATE_HOME' | 'XDG_CACHE_HOME',
  byDefault: string,
): string {
  const given = environment[variable] ?? '';
  const base = isAbsolute(given) ? given : join(environment['HOME'] ?? '/', byDefault);
  return join(base, 'vsockctl');
}
