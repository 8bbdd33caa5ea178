import type { Algorithms } from 'ssh2';
import type { KnownKey } from './known-hosts.js';
import type { ResolvedHost } from './resolve-host.js';
import { configurationError } from './ssh-errors.js';

/** What ssh2 1.17 speaks and OpenSSH 8.8 or later still offers by default or on request. */
const supported = {
  serverHostKey: [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ],
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group-exchange-sha256',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
  ],
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'chacha20-poly1305@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
  ],
  hmac: [
    'hmac-sha2-256-etm@openssh.com',
    'hmac-sha2-512-etm@openssh.com',
    'hmac-sha2-256',
    'hmac-sha2-512',
    'hmac-sha1-etm@openssh.com',
    'hmac-sha1',
  ],
} as const;

/**
 * The algorithms to offer: those of the user's configuration that ssh2 speaks, and host key types that are known
 * for this host first, so that a host with several keys shows one that can be checked.
 */
export function offeredAlgorithms(host: ResolvedHost, known: readonly KnownKey[]): Algorithms {
  const knownTypes = new Set(known.filter((key) => key.marker === 'none').map((key) => key.type));
  const keyTypes = common(host, 'HostKeyAlgorithms', host.hostKeyAlgorithms, supported.serverHostKey);
  return {
    serverHostKey: keyTypes.toSorted(
      (a, b) => Number(knownTypes.has(keyOf(b))) - Number(knownTypes.has(keyOf(a))),
    ),
    kex: common(host, 'KexAlgorithms', host.keyExchanges, supported.kex),
    cipher: common(host, 'Ciphers', host.ciphers, supported.cipher),
    hmac: common(host, 'MACs', host.macs, supported.hmac),
  };
}

/** The signature algorithms rsa-sha2-* use a key of type ssh-rsa (RFC 8332). */
function keyOf(algorithm: string): string {
  return algorithm.startsWith('rsa-sha2-') ? 'ssh-rsa' : algorithm;
}

function common<Name extends string>(
  host: ResolvedHost,
  setting: string,
  wanted: readonly string[],
  speaks: readonly Name[],
): Name[] {
  const both = wanted.length === 0 ? [...speaks] : speaks.filter((name) => wanted.includes(name));
  if (both.length > 0) return both;
  const message = `vsockctl speaks none of the ${setting} that the SSH configuration allows for ${host.name}`;
  throw configurationError('ssh-algorithms', message, `allow one of ${speaks.join(', ')}`);
}
