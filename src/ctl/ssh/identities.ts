import { readFileSync } from 'node:fs';
import ssh2, { type ParsedKey } from 'ssh2';
import type { ResolvedHost } from './resolve-host.js';

/** A key from an IdentityFile. The private part is missing when only the agent has it, or it needs a passphrase. */
export interface Identity {
  path: string;
  publicKey: Buffer | null;
  privateKey: ParsedKey | null;
}

/** Reads the identity files that exist; ssh skips the others too. */
export function readIdentities(host: ResolvedHost): Identity[] {
  return host.identityFiles.flatMap((path) => {
    const text = readIfPresent(path);
    const privateKey = text === null ? null : parsePrivate(text);
    const publicText = readIfPresent(`${path}.pub`) ?? text;
    const publicKey = privateKey?.getPublicSSH() ?? (publicText === null ? null : parsePublic(publicText));
    return text === null && publicKey === null ? [] : [{ path, publicKey, privateKey }];
  });
}

function readIfPresent(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // As ssh does: an identity file that is missing or may not be read is one way less to log in.
    return null;
  }
}

function parsePrivate(text: string): ParsedKey | null {
  const key = parseOne(text);
  return key?.isPrivateKey() === true ? key : null;
}

function parsePublic(text: string): Buffer | null {
  return parseOne(text)?.getPublicSSH() ?? null;
}

function parseOne(text: string): ParsedKey | null {
  const parsed = ssh2.utils.parseKey(text) as ParsedKey | ParsedKey[] | Error;
  if (parsed instanceof Error) return null;
  return Array.isArray(parsed) ? (parsed[0] ?? null) : parsed;
}
