import ipaddr from 'ipaddr.js';

/** Addresses in memory are 16 bytes: IPv6, or IPv4 mapped into it (RFC 4291, 2.5.5.2). */
export function formatAddress(bytes: Uint8Array): string {
  const address = new ipaddr.IPv6(Array.from(bytes));
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toString();
}

export function parseAddress(text: string): Uint8Array {
  const address = ipaddr.parse(text);
  const v6 = address.kind() === 'ipv4' ? (address as ipaddr.IPv4).toIPv4MappedAddress() : address;
  return Uint8Array.from(v6.toByteArray());
}
