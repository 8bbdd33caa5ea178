/**
 * The 32 bits that come with a write: bit 31 says that it is a credit, bits 16 to 30 the receiver’s own number of the
 * end that it is for, and bits 0 to 15, in a credit, how far the other end’s reader is: in units of 16 bytes modulo
 * 2^16, which is more than a ring holds. A data write of 0 bytes is a probe.
 */
const creditBit = 0x8000_0000;
const unitBytes = 16;

export function dataImmediate(farHandle: number): number {
  return farHandle << 16;
}

export function creditImmediate(farHandle: number, tail: number): number {
  const units = Math.floor(tail / unitBytes) & 0xffff;
  return (creditBit | (farHandle << 16) | units) >>> 0;
}

export function isCredit(immediate: number): boolean {
  return (immediate & creditBit) !== 0;
}

export function handleOf(immediate: number): number {
  return (immediate >>> 16) & 0x7fff;
}

export function tailUnitsOf(immediate: number): number {
  return immediate & 0xffff;
}
