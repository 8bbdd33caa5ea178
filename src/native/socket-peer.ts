import { checked, libc } from './libc.js';

const getsockopt = libc.func(
  'int getsockopt(int fd, int level, int name, _Out_ void *value, _Inout_ uint32_t *length)',
);

/** asm-generic/socket.h */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/** struct ucred of bits/socket.h */
export interface SocketPeer {
  pid: number;
  uid: number;
  gid: number;
}

/**
 * Who connected to a Unix socket, as the kernel noted it at connect().
 * @param fd descriptor of the accepted socket
 * @throws SystemCallError
 */
export function socketPeer(fd: number): SocketPeer {
  const credentials = Buffer.alloc(12);
  checked('getsockopt SO_PEERCRED', getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, [12]) as number);
  return {
    pid: credentials.readInt32LE(0),
    uid: credentials.readUInt32LE(4),
    gid: credentials.readUInt32LE(8),
  };
}
