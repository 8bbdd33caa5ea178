import type { Endpoint } from './connection-end.js';
import { internetChecksum } from './internet-checksum.js';

/** Control bits of RFC 9293, 3.1 */
export const tcpFlag = { fin: 0x01, syn: 0x02, rst: 0x04, ack: 0x10 } as const;

const etherTypeIpv4 = 0x0800;
const etherTypeIpv6 = 0x86dd;
const protocolTcp = 6;
const hopLimit = 64;
const ethernetBytes = 14;
const ipv4Bytes = 20;
const ipv6Bytes = 40;
const tcpBytes = 20;

export interface TcpSegment {
  sequence: number;
  acknowledgement: number;
  flags: number;
  payload: Buffer;
}

export interface CapturedFrame {
  destinationMac: Buffer;
  source: Endpoint;
  destination: Endpoint;
  acknowledgement: number;
  flags: number;
}

/** An Ethernet frame with one TCP segment, checksums right, over IPv4 (RFC 791) or IPv6 (RFC 8200). */
export function buildTcpFrame(
  from: Endpoint & { mac: Buffer },
  to: Endpoint & { mac: Buffer },
  segment: TcpSegment,
): Buffer {
  const tcp = buildTcp(from, to, segment);
  const ip = from.address.length === 4 ? ipv4Header(from, to, tcp.length) : ipv6Header(from, to, tcp.length);
  const etherType = Buffer.alloc(2);
  etherType.writeUInt16BE(from.address.length === 4 ? etherTypeIpv4 : etherTypeIpv6);
  return Buffer.concat([to.mac, from.mac, etherType, ip, tcp]);
}

function buildTcp(from: Endpoint, to: Endpoint, segment: TcpSegment): Buffer {
  const header = Buffer.alloc(tcpBytes);
  header.writeUInt16BE(from.port, 0);
  header.writeUInt16BE(to.port, 2);
  header.writeUInt32BE(segment.sequence, 4);
  header.writeUInt32BE(segment.acknowledgement, 8);
  header[12] = (tcpBytes / 4) << 4;
  header[13] = segment.flags;
  const tcp = Buffer.concat([header, segment.payload]);
  const pseudoEnd = Buffer.alloc(8);
  pseudoEnd.writeUInt32BE(tcp.length, 0);
  pseudoEnd.writeUInt32BE(protocolTcp, 4);
  tcp.writeUInt16BE(internetChecksum(from.address, to.address, pseudoEnd, tcp), 16);
  return tcp;
}

function ipv4Header(from: Endpoint, to: Endpoint, payloadBytes: number): Buffer {
  const header = Buffer.alloc(ipv4Bytes);
  header[0] = 0x45;
  header.writeUInt16BE(ipv4Bytes + payloadBytes, 2);
  header[8] = hopLimit;
  header[9] = protocolTcp;
  from.address.copy(header, 12);
  to.address.copy(header, 16);
  header.writeUInt16BE(internetChecksum(header), 10);
  return header;
}

function ipv6Header(from: Endpoint, to: Endpoint, payloadBytes: number): Buffer {
  const header = Buffer.alloc(ipv6Bytes);
  header[0] = 0x60;
  header.writeUInt16BE(payloadBytes, 4);
  header[6] = protocolTcp;
  header[7] = hopLimit;
  from.address.copy(header, 8);
  to.address.copy(header, 24);
  return header;
}

/** Reads a frame that a guest sent, which may hold anything. Null when it is no whole TCP header. */
export function parseTcpFrame(frame: Buffer): CapturedFrame | null {
  if (frame.length < ethernetBytes) return null;
  const ip = frame.subarray(ethernetBytes);
  const etherType = frame.readUInt16BE(12);
  const layer =
    etherType === etherTypeIpv4 ? ipv4Layer(ip) : etherType === etherTypeIpv6 ? ipv6Layer(ip) : null;
  if (layer === null || layer.tcp.length < tcpBytes) return null;
  const { source, destination, tcp } = layer;
  return {
    destinationMac: Buffer.from(frame.subarray(0, 6)),
    source: { address: source, port: tcp.readUInt16BE(0) },
    destination: { address: destination, port: tcp.readUInt16BE(2) },
    acknowledgement: tcp.readUInt32BE(8),
    flags: tcp[13]!,
  };
}

interface IpLayer {
  source: Buffer;
  destination: Buffer;
  tcp: Buffer;
}

function ipv4Layer(ip: Buffer): IpLayer | null {
  const headerBytes = ((ip[0] ?? 0) & 0xf) * 4;
  if (ip.length < ipv4Bytes || headerBytes < ipv4Bytes || ip[9] !== protocolTcp) return null;
  const isLaterFragment = (ip.readUInt16BE(6) & 0x1fff) !== 0;
  if (isLaterFragment) return null;
  return { source: ip.subarray(12, 16), destination: ip.subarray(16, 20), tcp: ip.subarray(headerBytes) };
}

function ipv6Layer(ip: Buffer): IpLayer | null {
  if (ip.length < ipv6Bytes || ip[6] !== protocolTcp) return null;
  return { source: ip.subarray(8, 24), destination: ip.subarray(24, 40), tcp: ip.subarray(ipv6Bytes) };
}
