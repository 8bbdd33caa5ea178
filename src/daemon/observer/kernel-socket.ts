import { findAttribute } from '../../netlink/attributes.js';
import { addressFamily, diagMessage, infoAttribute, socketId, tcpInfo } from './inet-diag-layout.js';

/** One TCP socket as the kernel tells of it. Byte counts are the kernel’s raw ones: see payload.ts. */
export interface KernelSocket {
  /** SO_COOKIE: names the socket for its whole life. */
  cookie: bigint;
  /** AF_INET or AF_INET6; an IPv6 socket may carry IPv4. */
  family: number;
  /** A number of tcpState. */
  state: number;
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
  /** Bytes of the stream that the program has not read; a FIN counts as one. */
  receiveQueue: number;
  /** Null where the kernel keeps no tcp_info: a socket in TIME_WAIT, or one not fully open. */
  counters: TcpCounters | null;
  /** The struct inet_diag_sockid, to name the socket to the kernel. */
  id: Buffer;
}

export interface TcpCounters {
  /** Segments that are sent and not acknowledged. */
  unacked: number;
  bytesAcked: number;
  bytesReceived: number;
  bytesSent: number;
  bytesRetransmitted: number;
}

/**
 * Reads the payload of one netlink message (struct inet_diag_msg and its attributes).
 * Returns null for a message that is too short to be one.
 */
export function parseKernelSocket(message: Buffer): KernelSocket | null {
  if (message.length < diagMessage.bytes) return null;
  const family = message.readUInt8(diagMessage.family);
  const info = findInfo(message);
  const id = Buffer.from(message.subarray(diagMessage.id, diagMessage.id + socketId.bytes));
  return {
    cookie: id.readBigUInt64LE(socketId.cookie),
    family,
    state: message.readUInt8(diagMessage.state),
    localAddress: formatSocketAddress(id, socketId.source, family),
    localPort: id.readUInt16BE(socketId.sourcePort),
    remoteAddress: formatSocketAddress(id, socketId.destination, family),
    remotePort: id.readUInt16BE(socketId.destinationPort),
    receiveQueue: message.readUInt32LE(diagMessage.receiveQueue),
    counters: info === null ? null : readCounters(message, info),
    id,
  };
}

/** The cookie of the socket that a message is about; null for a message that is too short to be one. */
export function cookieIn(message: Buffer): bigint | null {
  return message.length < diagMessage.bytes
    ? null
    : message.readBigUInt64LE(diagMessage.id + socketId.cookie);
}

/**
 * Takes over what a later message says of a socket. Its addresses, ports and name are the same for its whole life: to
 * read them again for each of 100,000 sockets costs more than all the rest.
 */
export function refreshKernelSocket(socket: KernelSocket, message: Buffer): void {
  socket.state = message.readUInt8(diagMessage.state);
  socket.receiveQueue = message.readUInt32LE(diagMessage.receiveQueue);
  const at = findInfo(message);
  if (at === null) socket.counters = null;
  else if (socket.counters === null) socket.counters = readCounters(message, at);
  else rereadCounters(socket.counters, message, at);
}

/** Where a message has its struct tcp_info; null where it has none that is whole. */
function findInfo(message: Buffer): number | null {
  const info = findAttribute(message, diagMessage.bytes, infoAttribute);
  return info === null || info.length < tcpInfo.bytesRetransmitted + 8 ? null : info.at;
}

function readCounters(message: Buffer, at: number): TcpCounters {
  const counters = { unacked: 0, bytesAcked: 0, bytesReceived: 0, bytesSent: 0, bytesRetransmitted: 0 };
  rereadCounters(counters, message, at);
  return counters;
}

/** In place: 100,000 new objects in each look would keep the garbage collector at work. */
function rereadCounters(counters: TcpCounters, message: Buffer, at: number): void {
  counters.unacked = message.readUInt32LE(at + tcpInfo.unacked);
  counters.bytesAcked = readCount(message, at + tcpInfo.bytesAcked);
  counters.bytesReceived = readCount(message, at + tcpInfo.bytesReceived);
  counters.bytesSent = readCount(message, at + tcpInfo.bytesSent);
  counters.bytesRetransmitted = readCount(message, at + tcpInfo.bytesRetransmitted);
}

/** A u64 below 2^53, which is all a connection ever carries; without the cost of a bigint. */
function readCount(info: Buffer, at: number): number {
  return info.readUInt32LE(at) + info.readUInt32LE(at + 4) * 2 ** 32;
}

function formatSocketAddress(id: Buffer, at: number, family: number): string {
  if (family === addressFamily.inet) return formatIpv4(id, at);
  const mapped =
    id.readUInt32BE(at) === 0 && id.readUInt32BE(at + 4) === 0 && id.readUInt32BE(at + 8) === 0xffff;
  return mapped ? formatIpv4(id, at + 12) : formatIpv6(id, at);
}

function formatIpv4(bytes: Buffer, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

function formatIpv6(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(at + 2 * group).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
