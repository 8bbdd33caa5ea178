/**
 * Classic BPF (linux/filter.h, linux/bpf_common.h): lets TCP segments with one of the given port pairs through and
 * nothing else, so that a VM’s other traffic does not push out what a kill waits for.
 */

/** More would not fit a jump’s 8-bit distance. */
export const filterCapacity = 128;
/** Headers of any frame: Ethernet, IP with options, TCP. */
const captureBytes = 160;

const op = {
  loadHalf: 0x28,
  loadByte: 0x30,
  loadWordIndexed: 0x40,
  indexFromIpv4Header: 0xb1,
  indexFromConstant: 0x01,
  jumpEqual: 0x15,
  jump: 0x05,
  accept: 0x06,
} as const;

type Instruction = [code: number, jumpTrue: number, jumpFalse: number, value: number];

/** @param ports pairs of (source, destination) port, at most filterCapacity */
export function portFilter(ports: ReadonlyArray<{ source: number; destination: number }>): Buffer {
  const end = 11 + ports.length;
  const drop = (at: number): number => end - at - 1;
  const program: Instruction[] = [
    [op.loadHalf, 0, 0, 12],
    [op.jumpEqual, 0, 4, 0x0800],
    [op.loadByte, 0, 0, 14 + 9],
    [op.jumpEqual, 0, drop(3), 6],
    [op.indexFromIpv4Header, 0, 0, 14],
    [op.jump, 0, 0, 4],
    [op.jumpEqual, 0, drop(6), 0x86dd],
    [op.loadByte, 0, 0, 14 + 6],
    [op.jumpEqual, 0, drop(8), 6],
    [op.indexFromConstant, 0, 0, 40],
    [op.loadWordIndexed, 0, 0, 14],
    ...ports.map(({ source, destination }, index): Instruction => {
      const at = 11 + index;
      return [op.jumpEqual, end + 1 - at - 1, 0, source * 65536 + destination];
    }),
    [op.accept, 0, 0, 0],
    [op.accept, 0, 0, captureBytes],
  ];
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, jumpTrue, jumpFalse, value], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes[index * 8 + 2] = jumpTrue;
    bytes[index * 8 + 3] = jumpFalse;
    bytes.writeUInt32LE(value, index * 8 + 4);
  });
  return bytes;
}
