import { randomInt } from 'node:crypto';
import { sendFlag } from '../../native/verbs/constants.js';
import type { QueuePair } from '../../native/verbs/queue-pair.js';

/** Writes that may be under way on one queue pair, and receives that stand ready: each write of the other side takes one. */
export const sendDepth = 128;
export const receiveDepth = 2 * sendDepth;
/** More than these under way, and a sender is likely to wait for one of them to be done. */
const busyWrites = sendDepth / 2;
const busyBytes = 16 * 1024;
/** So many used receives are posted anew at once. */
const receiveBatch = 32;
/** Every write wakes a receiver that sleeps: who is awake has not asked for it. */
const writeFlags = sendFlag.signaled | sendFlag.solicited;

/** One queue pair, and what is under way on it, oldest first. */
export class Lane {
  readonly psn = randomInt(0x100_0000);
  remoteNumber = 0;
  txBytes = 0;
  rxBytes = 0;
  /** A probe of ours went through, and one of the other side’s came. */
  probed = false;
  wasProbed = false;
  private readonly handles = new Uint16Array(sendDepth);
  private readonly byteCounts = new Uint32Array(sendDepth);
  private oldest = 0;
  private underWay = 0;
  private underWayBytes = 0;
  private usedReceives = 0;

  /** @param inlineBytes writes that are not larger go with the request: the NIC has not to fetch them */
  constructor(
    readonly pair: QueuePair,
    private readonly inlineBytes: number,
  ) {}

  get hasWritesUnderWay(): boolean {
    return this.underWay > 0;
  }

  /** Whether somebody may soon wait for the completion of a write: for room in a ring or in the send queue. */
  get isBusySending(): boolean {
    return this.underWay > busyWrites || this.underWayBytes > busyBytes;
  }

  get isFull(): boolean {
    return this.underWay === sendDepth;
  }

  /** Of the write that is done next. */
  get oldestHandle(): number {
    return this.handles[this.oldest] as number;
  }

  /** Not when it is full; the queue pair’s post() sends it. */
  add(
    handle: number,
    localAddress: number,
    byteCount: number,
    localKey: number,
    remoteAddress: number,
    remoteKey: number,
    immediate: number,
  ): void {
    this.pair.addWriteWithImmediate(
      0,
      localAddress,
      byteCount,
      localKey,
      remoteAddress,
      remoteKey,
      immediate,
      byteCount > 0 && byteCount <= this.inlineBytes ? writeFlags | sendFlag.inline : writeFlags,
    );
    const at = (this.oldest + this.underWay++) % sendDepth;
    this.handles[at] = handle;
    this.byteCounts[at] = byteCount;
    this.underWayBytes += byteCount;
    this.txBytes += byteCount;
  }

  /** The oldest write is done. @returns its bytes */
  finish(): number {
    const byteCount = this.byteCounts[this.oldest] as number;
    this.oldest = (this.oldest + 1) % sendDepth;
    this.underWay--;
    this.underWayBytes -= byteCount;
    return byteCount;
  }

  /** A write of the other side took a receive. @returns 0, or the errno of posting new ones */
  received(byteCount: number): number {
    this.rxBytes += byteCount;
    if (++this.usedReceives < receiveBatch) return 0;
    this.usedReceives = 0;
    return this.pair.postReceives(receiveBatch, 0);
  }
}
