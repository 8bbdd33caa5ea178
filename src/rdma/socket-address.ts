import ipaddr from 'ipaddr.js';

/** AF_INET and AF_INET6 of linux/socket.h */
const inet = 2;
const inet6 = 10;

export interface SocketAddress {
  address: string | null;
  port: number | null;
}

/** Reads a struct sockaddr_in or sockaddr_in6; of other families (AF_IB) nothing is told. */
export function socketAddress(bytes: Buffer | null): SocketAddress {
  const family = bytes !== null && bytes.length >= 2 ? bytes.readUInt16LE(0) : 0;
  const place = family === inet ? [4, 8] : family === inet6 ? [8, 24] : null;
  if (bytes === null || place === null || bytes.length < place[1]!) return { address: null, port: null };
  const address = ipaddr.fromByteArray([...bytes.subarray(place[0], place[1])]);
  return { address: address.toString(), port: bytes.readUInt16BE(2) };
}
