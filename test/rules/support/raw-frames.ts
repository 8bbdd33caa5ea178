import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { internetChecksum } from '../../../src/daemon/kill/internet-checksum.js';

/** One way of a packet on an Ethernet. */
export interface Way {
  sourceMac: string;
  destinationMac: string;
  source: string;
  destination: string;
}

export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');
export const addressBytes = (address: string): Buffer => Buffer.from(ipaddr.parse(address).toByteArray());

export function ethernet({ sourceMac, destinationMac }: Way, type: number, payload: Buffer): Buffer {
  const ethertype = Buffer.alloc(2);
  ethertype.writeUInt16BE(type);
  return Buffer.concat([macBytes(destinationMac), macBytes(sourceMac), ethertype, payload]);
}

export interface FragmentPlace {
  identification: number;
  offsetBytes: number;
  isLast: boolean;
}

/** A frame with an IPv4 or IPv6 packet, whole or a fragment of one. */
export function ipFrame(way: Way, protocol: number, payload: Buffer, fragment?: FragmentPlace): Buffer {
  return isIPv6(way.source)
    ? ethernet(way, 0x86dd, ipv6(way, protocol, payload, fragment))
    : ethernet(way, 0x0800, ipv4(way, protocol, payload, fragment));
}

function ipv4(way: Way, protocol: number, payload: Buffer, fragment?: FragmentPlace): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payload.length, 2);
  if (fragment !== undefined) {
    header.writeUInt16BE(fragment.identification & 0xffff, 4);
    header.writeUInt16BE((fragment.isLast ? 0 : 0x2000) | (fragment.offsetBytes >> 3), 6);
  }
  header[8] = 64;
  header[9] = protocol;
  addressBytes(way.source).copy(header, 12);
  addressBytes(way.destination).copy(header, 16);
  header.writeUInt16BE(internetChecksum(header), 10);
  return Buffer.concat([header, payload]);
}

function ipv6(way: Way, protocol: number, payload: Buffer, fragment?: FragmentPlace): Buffer {
  let next = protocol;
  let body = payload;
  if (fragment !== undefined) {
    const extension = Buffer.alloc(8);
    extension[0] = protocol;
    extension.writeUInt16BE((fragment.offsetBytes & ~7) | (fragment.isLast ? 0 : 1), 2);
    extension.writeUInt32BE(fragment.identification, 4);
    body = Buffer.concat([extension, payload]);
    next = 44;
  }
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(body.length, 4);
  header[6] = next;
  header[7] = 64;
  addressBytes(way.source).copy(header, 8);
  addressBytes(way.destination).copy(header, 24);
  return Buffer.concat([header, body]);
}

export function tcpSegment(sourcePort: number, port: number, flags: number, data: Buffer): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(sourcePort, 0);
  header.writeUInt16BE(port, 2);
  header[12] = 5 << 4;
  header[13] = flags;
  return Buffer.concat([header, data]);
}

export function udpDatagram(sourcePort: number, port: number, data: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(sourcePort, 0);
  header.writeUInt16BE(port, 2);
  header.writeUInt16BE(8 + data.length, 4);
  return Buffer.concat([header, data]);
}

/** ICMP and ICMPv6 alike: type, code, and for echoes an identifier. */
export function icmpMessage(type: number, code: number, identifier: number, data: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = type;
  header[1] = code;
  header.writeUInt16BE(identifier, 4);
  return Buffer.concat([header, data]);
}
