import type { FarEnd } from './remote/far-end.js';
import type { GuestReason } from '../channel/guest-reasons.js';
import type { GuestVm } from './guest-vm.js';
import { slot as field, slotOffset } from '../channel/region-layout.js';

/**
 * One flow as one VM sees it. What is here and in the ledger is ours; what is in the slot belongs to the guest
 * and is read once and checked. Indices are into the region’s words.
 */
export class FlowEnd {
  /** The other end where it is on this host, and where it is on another; neither: not known yet, or gone. */
  peer: FlowEnd | null = null;
  far: FarEnd | null = null;
  /** The host where the directory says that the other end is; null: here, or nowhere that is known. */
  farHost: string | null = null;
  state: 'waiting' | 'open' | 'reset' = 'waiting';
  /** The guest’s socket is gone. */
  closed = false;
  /** The guest’s stream is over and the other end was told where. */
  final = false;
  /** How often the guest’s sender went to the ring, the last time after so many bytes on TCP. */
  starts = 0;
  startBytes = 0;
  /** How often it went back to TCP, the last time after so many ring bytes. */
  stops = 0;
  stopBytes = 0;
  /** How many of its stops the other end’s reader has passed, as its guest was told. */
  stopsPassed = 0;
  /** Why it is back on TCP for good; null: it is not. */
  left: GuestReason | null = null;
  /** So many of its ring bytes were taken when its ring was frozen, and no more are; null: it is not frozen. */
  frozenAt: number | null = null;
  /** Whether the guest may send in its ring. */
  allowed = false;
  /** How often it was opened. */
  openings = 0;
  /** It goes back to TCP, or is there, until processors are free again. */
  yields = false;
  /** Its sender may have gone back to TCP, or may yet. */
  hasYielded = false;
  /** The rules do not allow it, or its other end here: it moves nothing until it is ended. */
  paused = false;
  /** How often the guest said that it closed a descriptor, when it was last looked at. */
  closesSeen = 0;
  /** Ring bytes from this end to the other, and the reverse; positions are these modulo 2^32. */
  sent = 0;
  received = 0;

  readonly words: Int32Array;
  readonly header: number;
  readonly txHead: number;
  readonly txTail: number;
  readonly txWaiting: number;
  readonly rxHead: number;
  readonly rxTail: number;
  readonly rxBlocked: number;

  constructor(
    readonly vm: GuestVm,
    readonly slot: number,
    readonly record: number,
    readonly generation: number,
    readonly cookie: bigint,
    /** `VNI local:port remote:port`, and as the other end says it. */
    readonly key: string,
    readonly reverseKey: string,
    readonly localPort: number,
    readonly remotePort: number,
    readonly localAddress: string,
    readonly remoteAddress: string,
  ) {
    this.words = vm.words;
    const at = slotOffset(this.slot) >> 2;
    this.header = at;
    this.txHead = at + (field.txHead >> 2);
    this.txTail = at + (field.txTail >> 2);
    this.txWaiting = at + (field.txWaiting >> 2);
    this.rxHead = at + (field.rxHead >> 2);
    this.rxTail = at + (field.rxTail >> 2);
    this.rxBlocked = at + (field.rxBlocked >> 2);
  }

  /** The index of a word of the slot. */
  at(offset: number): number {
    return this.header + (offset >> 2);
  }
}
