import { homedir, hostname as localHostname, userInfo } from 'node:os';
import { z } from 'zod';
import { runProgram } from './run-program.js';
import { configurationError } from './ssh-errors.js';

/** What `ssh HOST` would use to reach the host, as `ssh -G` says. */
export interface ResolvedHost {
  name: string;
  hostname: string;
  port: number;
  user: string;
  /** Address family for name look-ups: 0 any, 4 or 6. */
  family: 0 | 4 | 6;
  hostKeyAlias: string | null;
  knownHostsFiles: string[];
  revokedHostKeysFile: string | null;
  hostKeyAlgorithms: string[];
  keyExchanges: string[];
  ciphers: string[];
  macs: string[];
  identityFiles: string[];
  identitiesOnly: boolean;
  /** Path of the agent's socket; null when there is none. */
  agentSocket: string | null;
  proxyCommand: string | null;
  proxyJump: string | null;
  /** Seconds; 0 when the configuration sets none. */
  serverAliveSeconds: number;
  /** Keepalives without an answer after which the connection is given up. */
  serverAliveCount: number;
}

export interface ResolveOptions {
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
  user?: string | undefined;
  port?: number | undefined;
}

/** ssh refuses more than this too; a name that starts with `-` would be taken for an option. */
const hostNamePattern = /^[A-Za-z0-9_[][A-Za-z0-9_.:%@[\]-]*$/;

/** Both names are put into ProxyCommand, which a shell runs. */
const userNamePattern = /^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/;

/** Asks `ssh -G` for one host. `VSOCKCTL_SSH_CONFIG` names another configuration file, as `ssh -F` does. */
export async function resolveHost(name: string, options: ResolveOptions): Promise<ResolvedHost> {
  if (!hostNamePattern.test(name)) {
    throw configurationError('bad-host-name', `“${name}” is no host name`, 'name hosts as ssh does');
  }
  const configFile = options.environment['VSOCKCTL_SSH_CONFIG'];
  const parameters = [
    ...(configFile === undefined || configFile === '' ? [] : ['-F', configFile]),
    ...(options.user === undefined ? [] : ['-l', options.user]),
    ...(options.port === undefined ? [] : ['-p', String(options.port)]),
    '-G',
    name,
  ];
  const result = await runProgram('ssh', parameters, options.environment, options.signal);
  if (result.status !== 0) {
    const why = result.stderr.trim().split('\n').at(-1) ?? 'no reason given';
    throw configurationError('ssh-config', `ssh -G ${name} failed: ${why}`, 'mend the SSH configuration');
  }
  return fromSettings(name, parseSettings(result.stdout), options.environment);
}

/** `ssh -G` prints one `keyword value` a line, keywords in lower case, some of them repeatedly. */
export function parseSettings(text: string): Map<string, string[]> {
  const settings = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space < 0) continue;
    const keyword = line.slice(0, space).toLowerCase();
    settings.set(keyword, [...(settings.get(keyword) ?? []), line.slice(space + 1).trim()]);
  }
  return settings;
}

const portNumber = z.coerce.number().int().min(1).max(65_535);
const families = { any: 0, inet: 4, inet6: 6 } as const;

function fromSettings(
  name: string,
  settings: Map<string, string[]>,
  environment: NodeJS.ProcessEnv,
): ResolvedHost {
  const one = (keyword: string): string | null => {
    const value = settings.get(keyword)?.[0];
    return value === undefined || value === '' || value.toLowerCase() === 'none' ? null : value;
  };
  const list = (keyword: string, separator: string): string[] =>
    (one(keyword) ?? '').split(separator).filter((item) => item !== '');
  const hostname = one('hostname') ?? name;
  const port = portNumber.parse(one('port') ?? '22');
  const user = one('user') ?? userInfo().username;
  if (!hostNamePattern.test(hostname) || !userNamePattern.test(user)) {
    throw configurationError(
      'ssh-config',
      `“${user}@${hostname}” is no place to connect to`,
      'mend the SSH configuration',
    );
  }
  const tokens = { h: hostname, n: name, p: String(port), r: user, k: one('hostkeyalias') ?? name };
  const path = (text: string): string => expandPath(text, tokens);
  const agent = one('identityagent') ?? (settings.has('identityagent') ? null : 'SSH_AUTH_SOCK');
  return {
    name,
    hostname,
    port,
    user,
    family: families[(one('addressfamily') ?? 'any') as keyof typeof families] ?? 0,
    hostKeyAlias: one('hostkeyalias'),
    knownHostsFiles: [...list('userknownhostsfile', ' '), ...list('globalknownhostsfile', ' ')].map(path),
    revokedHostKeysFile: mapPresent(one('revokedhostkeys'), path),
    hostKeyAlgorithms: list('hostkeyalgorithms', ','),
    keyExchanges: list('kexalgorithms', ','),
    ciphers: list('ciphers', ','),
    macs: list('macs', ','),
    identityFiles: (settings.get('identityfile') ?? []).filter((file) => file !== 'none').map(path),
    identitiesOnly: one('identitiesonly') === 'yes',
    agentSocket: mapPresent(agent, (text) => agentPath(text, environment, path)),
    proxyCommand: mapPresent(one('proxycommand'), (text) => expandTokens(text, tokens)),
    proxyJump: one('proxyjump'),
    serverAliveSeconds: Number(one('serveraliveinterval') ?? '0'),
    serverAliveCount: Number(one('serveralivecountmax') ?? '3'),
  };
}

function mapPresent<Result>(value: string | null, map: (value: string) => Result): Result | null {
  return value === null ? null : map(value);
}

function agentPath(
  text: string,
  environment: NodeJS.ProcessEnv,
  path: (text: string) => string,
): string | null {
  const variable = text === 'SSH_AUTH_SOCK' ? text : text.startsWith('$') ? text.slice(1) : null;
  if (variable === null) return path(text);
  const value = environment[variable];
  return value === undefined || value === '' ? null : value;
}

function expandPath(text: string, tokens: Record<string, string>): string {
  const local = { d: homedir(), i: String(userInfo().uid), l: localHostname(), u: userInfo().username };
  const expanded = expandTokens(text, { ...tokens, ...local, L: localHostname().split('.')[0] ?? '' });
  return expanded.startsWith('~/') ? homedir() + expanded.slice(1) : expanded;
}

/** The percent tokens of ssh_config(5). */
function expandTokens(text: string, tokens: Record<string, string>): string {
  return text.replace(/%(.)/g, (whole, token: string) => {
    if (token === '%') return '%';
    const value = tokens[token];
    if (value !== undefined) return value;
    throw configurationError(
      'ssh-config-token',
      `vsockctl cannot expand ${whole} in “${text}”`,
      'write it out',
    );
  });
}
