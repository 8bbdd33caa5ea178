import type { Socket } from 'node:net';
import { checked, libc, SystemCallError } from './libc.js';

const sendmsg = libc.func('intptr_t sendmsg(int fd, void *message, int flags)');
const send = libc.func('intptr_t send(int fd, void *bytes, size_t length, int flags)');
const addressOf = libc.func('uintptr_t memchr(void *bytes, int byte, size_t length)');

/** bits/socket.h, asm-generic/socket.h */
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

/** The descriptor of a connected Unix socket of node:net, for what that module has no call for. */
export function descriptorOf(socket: Socket): number {
  const handle = (socket as unknown as { _handle?: { fd?: number } })._handle;
  return handle?.fd ?? -1;
}

/** Sends one byte with a descriptor (unix(7), SCM_RIGHTS). struct msghdr and cmsghdr are those of x86-64 and arm64. */
export function sendDescriptor(fd: number, descriptor: number): void {
  const byte = Buffer.from('F');
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(pointer(byte), 0);
  vector.writeBigUInt64LE(1n, 8);
  const control = Buffer.alloc(24);
  control.writeBigUInt64LE(20n, 0);
  control.writeInt32LE(SOL_SOCKET, 8);
  control.writeInt32LE(SCM_RIGHTS, 12);
  control.writeInt32LE(descriptor, 16);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(pointer(vector), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(pointer(control), 32);
  message.writeBigUInt64LE(24n, 40);
  checked('sendmsg', Number(sendmsg(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL)));
}

function pointer(bytes: Buffer): bigint {
  const address = BigInt(addressOf(bytes, bytes[0] ?? 0, bytes.length) as number);
  if (address === 0n) throw new SystemCallError('memchr', 14);
  return address;
}

const wakeByte = Buffer.from('!');

/** Wakes whoever waits at the other end. Never blocks; a full socket has been woken already. */
export function sendWake(fd: number): void {
  send(fd, wakeByte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}
