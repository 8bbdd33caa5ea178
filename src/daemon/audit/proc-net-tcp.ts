import { readFileSync } from 'node:fs';
import { formatAddress } from '../../ledger/address.js';

/** State TCP_ESTABLISHED in /proc/net/tcp, see proc_pid_net(5). */
const established = '01';

/**
 * The remote address of the first established TCP connection of a process among the given socket inodes.
 * @throws Error when the process is gone
 */
export function establishedRemote(pid: number, inodes: ReadonlySet<string>): string | null {
  for (const table of ['tcp', 'tcp6']) {
    const lines = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1);
    for (const line of lines) {
      const [, , remote, state, , , , , , inode] = line.trim().split(/\s+/);
      if (remote !== undefined && state === established && inode !== undefined && inodes.has(inode))
        return decodeAddress(remote.split(':')[0] ?? '');
    }
  }
  return null;
}

/** 32-bit words in the machine’s byte order (little endian), in hexadecimal. */
function decodeAddress(hexadecimal: string): string {
  const bytes = Buffer.from(hexadecimal, 'hex').swap32();
  if (bytes.length === 16) return formatAddress(bytes);
  return [...bytes].join('.');
}
