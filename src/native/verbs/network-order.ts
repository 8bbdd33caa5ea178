/** Swaps the bytes of 32 bits: immediates are in network order, and the supported machines little-endian. */
export function inNetworkOrder(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
