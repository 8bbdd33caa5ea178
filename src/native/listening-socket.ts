import { chmodSync, closeSync } from 'node:fs';
import { checked, libc } from './libc.js';

const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const void *address, unsigned int length)');
const listen = libc.func('int listen(int fd, int backlog)');
const fcntl = libc.func('int fcntl(int fd, int command, int argument)');

/** sys/socket.h, fcntl.h */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const F_DUPFD_CLOEXEC = 1030;
/** struct sockaddr_un: the path with its zero. */
const pathBytes = 108;
const backlog = 511;

/**
 * A Unix socket that listens, whoever accepts from it or not: a server of Node’s that closes takes its own with it.
 * Everybody may connect. @throws Error
 */
export function listenOn(path: string): number {
  const bytes = Buffer.from(path);
  if (bytes.length >= pathBytes) throw new Error(`the path of a socket has ${pathBytes - 1} bytes at most`);
  const fd = checked('socket', socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) as number);
  try {
    const address = Buffer.alloc(2 + pathBytes);
    address.writeUInt16LE(AF_UNIX, 0);
    address.set(bytes, 2);
    checked('bind', bind(fd, address, address.length) as number);
    chmodSync(path, 0o777);
    checked('listen', listen(fd, backlog) as number);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Another descriptor of the same. */
export function duplicate(fd: number): number {
  return checked('fcntl', fcntl(fd, F_DUPFD_CLOEXEC, 0) as number);
}
