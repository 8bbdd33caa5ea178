import koffi from 'koffi';
import { closeSync } from 'node:fs';
import { checked, libc, SystemCallError } from './libc.js';

const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const void *address, unsigned int length)');
const send = libc.func('intptr_t send(int fd, const void *data, size_t length, int flags)');
const recv = libc.func('intptr_t recv(int fd, _Out_ void *data, size_t length, int flags)');
const setsockopt = libc.func(
  'int setsockopt(int fd, int level, int name, const void *value, unsigned int length)',
);

/** struct sock_fprog of linux/filter.h */
const filterProgram = koffi.struct('sock_fprog', { length: 'uint16_t', instructions: 'const void *' });
const setFilter = libc.func('setsockopt', 'int', [
  'int',
  'int',
  'int',
  koffi.pointer(filterProgram),
  'unsigned int',
]);

/** bits/socket_type.h */
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
/** asm-generic/errno-base.h */
const EPERM = 1;
const EINTR = 4;
const EAGAIN = 11;
/** asm-generic/socket.h */
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_ATTACH_FILTER = 26;
/** struct sock_filter of linux/filter.h */
const instructionBytes = 8;

/** A non-blocking raw socket (netlink, packet), which Node does not have. The owner closes it. */
export class RawSocket {
  #fd: number;

  /** @throws SystemCallError */
  constructor(domain: number, protocol: number) {
    this.#fd = checked('socket', socket(domain, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol) as number);
  }

  /** @param address a struct sockaddr_* as bytes */
  bind(address: Buffer): void {
    checked('bind', bind(this.#fd, address, address.length) as number);
  }

  setOption(level: number, name: number, value: Buffer): void {
    checked('setsockopt', setsockopt(this.#fd, level, name, value, value.length) as number);
  }

  /**
   * Room for messages that nobody has read yet. Only the real root may go beyond the system’s limit; in a user
   * namespace it is net.core.rmem_max, and the kernel says so when messages are lost (ENOBUFS).
   */
  setReceiveBuffer(sizeBytes: number): void {
    if (!this.#forceBuffer(SO_RCVBUFFORCE, sizeBytes)) this.#setNumber(SO_RCVBUF, sizeBytes);
  }

  /** Room for one long message. @returns whether that goes, which it does for the real root only */
  setSendBuffer(sizeBytes: number): boolean {
    return this.#forceBuffer(SO_SNDBUFFORCE, sizeBytes);
  }

  /** @returns false where only the real root may */
  #forceBuffer(name: number, sizeBytes: number): boolean {
    try {
      this.#setNumber(name, sizeBytes);
    } catch (error) {
      if (!(error instanceof SystemCallError && error.errno === EPERM)) throw error;
      return false;
    }
    return true;
  }

  #setNumber(name: number, number: number): void {
    const value = Buffer.alloc(4);
    value.writeInt32LE(number);
    this.setOption(SOL_SOCKET, name, value);
  }

  /** Lets only those messages through that a classic BPF program takes. @param instructions struct sock_filter[] */
  attachFilter(instructions: Buffer): void {
    const program = { length: instructions.length / instructionBytes, instructions };
    const size = koffi.sizeof(filterProgram);
    checked('SO_ATTACH_FILTER', setFilter(this.#fd, SOL_SOCKET, SO_ATTACH_FILTER, program, size) as number);
  }

  send(data: Buffer): void {
    checked('send', send(this.#fd, data, data.length, 0) as number);
  }

  /** Bytes of the next message, cut to the buffer’s size; null when none waits. */
  receive(into: Buffer): number | null {
    const length = recv(this.#fd, into, into.length, 0) as number;
    if (length >= 0) return length;
    const errno = koffi.errno();
    if (errno === EAGAIN || errno === EINTR) return null;
    throw new SystemCallError('recv', errno);
  }

  close(): void {
    if (this.#fd !== -1) closeSync(this.#fd);
    this.#fd = -1;
  }
}
