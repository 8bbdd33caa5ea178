import { processCount, regionMagic, waiterCount } from './region-layout.js';

/**
 * How a connection on a VM’s channel introduces itself: 48 bytes, little-endian; src/guest/channel/channel.c sends them.
 * u32 magic, u32 type, u32 process, u32 waiter, char program[32]. After it only single bytes come: rings.
 */
export const helloBytes = 48;

export type Hello =
  | { type: 'map' }
  | { type: 'process'; process: number; program: string }
  | { type: 'waiter'; process: number; waiter: number };

/** Checks what a guest sent; null when it makes no sense. */
export function parseHello(bytes: Buffer): Hello | null {
  if (bytes.length < helloBytes || bytes.readUInt32LE(0) !== regionMagic) return null;
  const process = bytes.readUInt32LE(8);
  const waiter = bytes.readUInt32LE(12);
  if (process >= processCount) return null;
  switch (bytes.readUInt32LE(4)) {
    case 1:
      return { type: 'map' };
    case 2:
      return { type: 'process', process, program: printable(bytes.subarray(16, helloBytes)) };
    case 3:
      return waiter < waiterCount ? { type: 'waiter', process, waiter } : null;
    default:
      return null;
  }
}

/** UTF-8 without what could steer or disguise. The guest may have cut it in the middle of a character. */
function printable(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  const text = bytes.toString('utf8', 0, end === -1 ? bytes.length : end).replace(/\ufffd+$/, '');
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').replaceAll('\ufffd', '?');
}
