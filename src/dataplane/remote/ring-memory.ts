import { region, ringBytes, slotCount, txRingOffset } from '../../channel/region-layout.js';
import type { QueuePairSource } from '../../link/rdma/queue-pairs.js';
import type { FlowEnd } from '../flow-end.js';

/** Memory is registered with a NIC in pieces of so many slots’ rings (2 MiB), and only where a flow needs it: that pins it. */
const slotsTogether = 4;
const pieceBytes = slotsTogether * 2 * ringBytes;

export interface KeyedRing {
  address: number;
  localKey: number;
  remoteKey: number;
}

/** An end’s ring as a NIC knows it. @throws Error when the memory cannot be registered */
export function keyedRing(source: QueuePairSource, end: FlowEnd, which: 'send' | 'receive'): KeyedRing {
  const piece = Math.floor(end.slot / slotsTogether);
  const start = end.vm.address + region.rings + piece * pieceBytes;
  const slots = Math.min(slotsTogether, slotCount - piece * slotsTogether);
  const { localKey, remoteKey } = source.keysFor(start, slots * 2 * ringBytes);
  const address = end.vm.address + txRingOffset(end.slot) + (which === 'send' ? 0 : ringBytes);
  return { address, localKey, remoteKey };
}
