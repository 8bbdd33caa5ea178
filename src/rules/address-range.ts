import ipaddr from 'ipaddr.js';

/** An address as a number; IPv4 addresses are below 2^32. */
export function addressNumber(address: string): bigint {
  return ipaddr
    .parse(address)
    .toByteArray()
    .reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

/** Whether a number lies in a CIDR, as a test that is made once. The family is the caller’s to check. */
export function rangeTest(cidr: string): (address: bigint) => boolean {
  const [network, bits] = ipaddr.parseCIDR(cidr);
  const shift = BigInt(network.toByteArray().length * 8 - bits);
  const wanted = addressNumber(network.toString()) >> shift;
  return (address) => address >> shift === wanted;
}

/** A CIDR with the bits beyond its length cleared: nft refuses intervals that are written otherwise. */
export function plainCidr(cidr: string): string {
  const [address, bits] = ipaddr.parseCIDR(cidr);
  const kind = address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${kind.networkAddressFromCIDR(cidr).toString()}/${bits}`;
}
