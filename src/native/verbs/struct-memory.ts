import koffi from 'koffi';

/**
 * Memory with a fixed address for structures that C reads or writes. It belongs to the collector, so its owner must
 * live as long as C uses the address.
 */
export class StructMemory {
  readonly address: number;
  readonly bytes: Buffer;
  /** The same memory as 32-bit words: what a hot loop reads and writes without allocating. */
  readonly words: Uint32Array;

  constructor(sizeBytes: number) {
    const buffer = new ArrayBuffer(Math.ceil(sizeBytes / 8) * 8);
    this.address = Number(koffi.address(buffer));
    this.bytes = Buffer.from(buffer);
    this.words = new Uint32Array(buffer);
  }

  /** Sets 64 bits at a word from a number below 2^53: an address or an identifier. */
  setNumber64(word: number, value: number): void {
    this.words[word] = value % 0x1_0000_0000;
    this.words[word + 1] = value / 0x1_0000_0000;
  }
}

/** Reads a field of a structure that belongs to C. Costs microseconds: not for hot loops. */
export function readField(address: number, offset: number, type: 'int32_t' | 'uint32_t'): number {
  return koffi.decode(BigInt(address), offset, type) as number;
}

export function readPointer(address: number, offset: number): number {
  return Number(koffi.decode(BigInt(address), offset, 'uintptr_t'));
}

/** Reads an array of char that ends with a zero or at its size. */
export function readText(address: number, offset: number, sizeBytes: number): string {
  return koffi.decode(BigInt(address), offset, koffi.array('char', sizeBytes, 'String')) as string;
}
