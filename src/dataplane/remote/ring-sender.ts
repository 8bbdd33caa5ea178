import { ringBytes, txRingOffset } from '../../channel/region-layout.js';
import { longestDataBytes } from '../../link/frames.js';
import type { Link } from '../../link/link.js';
import type { QueuePairs, QueuePairSource } from '../../link/rdma/queue-pairs.js';
import type { Session } from '../../link/session.js';
import type { FlowEnd } from '../flow-end.js';
import { unsentBytes } from '../pump.js';
import type { FarEnd } from './far-end.js';
import { keyedRing, type KeyedRing } from './ring-memory.js';

/** Sends what is in ends’ rings to other hosts, by their NIC or over the link’s stream. */
export class RingSender {
  /** Ends that found no room, by link. */
  private readonly blocked = new Map<Link, Set<FlowEnd>>();

  constructor(private readonly source: QueuePairSource) {}

  /**
   * As much as there is now, and as the other end’s ring and the path have room for. What the guest writes meanwhile it
   * rings for: byte by byte it would hold everybody else up.
   */
  push(end: FlowEnd, far: FarEnd, link: Link): void {
    const written = unsentBytes(end, far.posted | 0);
    const available = end.frozenAt === null ? written : Math.min(written, end.frozenAt - far.posted);
    const space = ringBytes - (far.posted - far.tail);
    for (let left = available < space ? available : space; left > 0;) {
      const sent = this.piece(end, far, link, left);
      if (sent === 0) return this.block(link, end);
      far.posted += sent;
      left -= sent;
    }
  }

  /** Up to the end of the ring: a byte has the same place in both. @returns how much went, 0 when there is no room */
  private piece(end: FlowEnd, far: FarEnd, link: Link, count: number): number {
    const offset = far.posted % ringBytes;
    const piece = Math.min(count, ringBytes - offset);
    const pairs = far.leaving ? null : link.queuePairs;
    if (pairs !== null) return this.write(end, far, link, pairs, offset, piece) ? piece : 0;
    const { session } = link;
    if (session === null || !session.hasRoom) return 0;
    const start = txRingOffset(end.slot) + offset;
    const bytes = end.vm.bytes.subarray(start, start + Math.min(piece, longestDataBytes));
    session.sendData(far.handle, far.posted, bytes);
    return bytes.length;
  }

  /** An end’s ring as the NIC knows it; null when it cannot know it: then RDMA to that host is over for now. */
  keyed(end: FlowEnd, link: Link, which: 'send' | 'receive'): KeyedRing | null {
    try {
      return keyedRing(this.source, end, which);
    } catch (error) {
      link.failRdma(`memory of VM ${end.vm.config.name}: ${(error as Error).message}`);
      return null;
    }
  }

  private write(
    end: FlowEnd,
    far: FarEnd,
    link: Link,
    pairs: QueuePairs,
    offset: number,
    count: number,
  ): boolean {
    const { ring } = far;
    if (ring === null) return false;
    const own = (far.sendRing ??= this.keyed(end, link, 'send'));
    if (own === null) return false;
    return pairs.write(
      end.record,
      own.address + offset,
      own.localKey,
      far.handle,
      ring.address + offset,
      ring.key,
      count,
    );
  }

  /** Tells how far the reader of an end is. @returns false when there is no room for it now */
  credit(end: FlowEnd, far: FarEnd, link: Link, tail: number): boolean {
    const pairs = link.queuePairs;
    const session: Session | null = link.session;
    if (pairs !== null && pairs.credit(end.record, far.handle, tail)) {
      far.creditsUnderway++;
      return true;
    }
    if (pairs === null && session !== null) {
      session.sendCredit(far.handle, end.received, tail);
      return true;
    }
    this.block(link, end);
    return false;
  }

  private block(link: Link, end: FlowEnd): void {
    let ends = this.blocked.get(link);
    if (ends === undefined) this.blocked.set(link, (ends = new Set()));
    ends.add(end);
  }

  /** The ends that wait for room; they are asked again. */
  takeBlocked(link: Link): FlowEnd[] {
    const ends = this.blocked.get(link);
    if (ends === undefined || ends.size === 0) return [];
    this.blocked.delete(link);
    return [...ends].filter((end) => end.far !== null);
  }

  forget(link: Link): void {
    this.blocked.delete(link);
  }
}
