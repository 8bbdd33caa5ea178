import { createHash } from 'node:crypto';
import type { VsocketError } from '../../errors/vsocket-error.js';
import { lookupNames, type KnownKey } from './known-hosts.js';
import type { ResolvedHost } from './resolve-host.js';
import { authenticationError } from './ssh-errors.js';

/**
 * Judges the key that a host offers. Null means: known. StrictHostKeyChecking has no say here: a fleet tool asks
 * many hosts at once, so it never adds a key on its own and never goes on with a wrong one.
 */
export function judgeHostKey(
  host: ResolvedHost,
  known: readonly KnownKey[],
  offered: Buffer,
): VsocketError | null {
  const blob = offered.toString('base64');
  const type = keyType(offered);
  const offer = `${type} key ${fingerprint(offered)}`;
  const revoked = known.find((key) => key.marker === 'revoked' && key.blob === blob);
  if (revoked !== undefined) {
    const message = `the ${offer} of ${place(host)} is revoked by ${revoked.origin}`;
    return authenticationError('host-key-revoked', message, 'do not trust this host before you know why');
  }
  const keys = known.filter((key) => key.marker === 'none');
  if (keys.some((key) => key.blob === blob)) return null;
  const changed = keys.find((key) => key.type === type);
  if (changed !== undefined) {
    const message = `the host key of ${place(host)} has changed: it offers ${offer}, not the one in ${changed.origin}`;
    return authenticationError(
      'host-key-changed',
      message,
      `if that is right: ssh-keygen -R ${quotedName(host)}`,
    );
  }
  if (keys.length === 0 && known.some((key) => key.marker === 'cert-authority')) {
    const message = `${place(host)} is known by a certificate authority only, which vsockctl cannot check`;
    return authenticationError('host-key-unknown', message, `add its ${offer} to known_hosts`);
  }
  const message = `the host key of ${place(host)} is not known: ${offer}`;
  return authenticationError(
    'host-key-unknown',
    message,
    `compare it, then connect once with: ssh ${host.name}`,
  );
}

/** OpenSSH's form, so that it can be compared with what `ssh-keygen -l` prints. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** A key's wire format starts with its type as a string (RFC 4253, section 6.6). */
export function keyType(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0);
  return key.subarray(4, 4 + Math.min(length, 64)).toString('latin1');
}

function place(host: ResolvedHost): string {
  return `${host.hostname} port ${String(host.port)}`;
}

function quotedName(host: ResolvedHost): string {
  return `'${lookupNames(host)[0] ?? host.name}'`;
}
