import { existsSync, readFileSync } from 'node:fs';
import type { ResolvedHost } from './resolve-host.js';
import { runProgram } from './run-program.js';
import { configurationError } from './ssh-errors.js';
import { reasonOf } from '../../errors/reason-of.js';

/** One line of a known_hosts file that applies to the host. */
export interface KnownKey {
  marker: 'none' | 'revoked' | 'cert-authority';
  type: string;
  /** The key's wire format in base64. */
  blob: string;
  /** `file:line`, for messages. */
  origin: string;
}

/**
 * All known_hosts lines for a host. `ssh-keygen -F` does the matching: hashed names, patterns and negations are
 * OpenSSH's own business. As ssh does, a name with a port falls back to the bare name when the port is unknown.
 */
export async function findKnownKeys(
  host: ResolvedHost,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<KnownKey[]> {
  const revoked = readRevokedKeys(host);
  for (const name of lookupNames(host)) {
    const found: KnownKey[] = [];
    for (const file of host.knownHostsFiles.filter((path) => existsSync(path))) {
      const result = await runProgram('ssh-keygen', ['-F', name, '-f', file], environment, signal);
      found.push(...parseMatches(result.stdout, file));
    }
    if (found.length > 0) return [...found, ...revoked];
  }
  return revoked;
}

/** The keys of RevokedHostKeys. As with ssh, a list that cannot be read lets no host key pass. */
function readRevokedKeys(host: ResolvedHost): KnownKey[] {
  const file = host.revokedHostKeysFile;
  if (file === null) return [];
  const remedy = 'name a file with one public key a line';
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw configurationError(
      'revoked-keys',
      `cannot read RevokedHostKeys ${file}: ${reasonOf(error)}`,
      remedy,
    );
  }
  if (text.startsWith('SSHKRL')) {
    throw configurationError(
      'revoked-keys',
      `${file} is a key revocation list, which vsockctl cannot read`,
      remedy,
    );
  }
  return text.split('\n').flatMap((line, index): KnownKey[] => {
    const [type, blob] = line.trim().split(/\s+/);
    if (type === undefined || blob === undefined || type.startsWith('#')) return [];
    return [{ marker: 'revoked', type, blob, origin: `${file}:${String(index + 1)}` }];
  });
}

/** Names under which ssh keeps the host's key, the first one that is known counts. */
export function lookupNames(host: ResolvedHost): string[] {
  if (host.hostKeyAlias !== null) return [host.hostKeyAlias.toLowerCase()];
  const name = host.hostname.toLowerCase();
  return host.port === 22 ? [name] : [`[${name}]:${String(host.port)}`, name];
}

/** Parses what `ssh-keygen -F` prints: a comment with the line number, then the line itself. */
export function parseMatches(text: string, file: string): KnownKey[] {
  const keys: KnownKey[] = [];
  let lineNumber = '?';
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) {
      lineNumber = /found: line (\d+)/.exec(line)?.[1] ?? '?';
      continue;
    }
    const words = line.split(/\s+/).filter((word) => word !== '');
    const marked = words[0]?.startsWith('@') === true;
    const [type, blob] = words.slice(marked ? 2 : 1);
    if (type === undefined || blob === undefined) continue;
    const marker = marked ? (words[0] === '@revoked' ? 'revoked' : 'cert-authority') : 'none';
    keys.push({ marker, type, blob, origin: `${file}:${lineNumber}` });
  }
  return keys;
}
