import { access } from '../../native/verbs/constants.js';
import type { CompletionQueue } from '../../native/verbs/completion-queue.js';
import type { Device } from '../../native/verbs/device.js';
import type { MemoryRegion } from '../../native/verbs/memory-region.js';
import type { RdmaContext } from '../../native/verbs/rdma-context.js';
import type { Verbs } from '../../native/verbs/verbs.js';
import { largestInline } from './inline-bytes.js';
import { receiveDepth, sendDepth } from './lane.js';
import { RdmaQueuePairs, type Endpoint, type Service } from './rdma-queue-pairs.js';
import type { QueuePairEvents } from './queue-pairs.js';

/** Completions that the queue of a device holds: enough for 170 queue pairs. */
const completionDepth = 65_536;
/** So late may be seen that a write is done for which nobody waits, or that it failed. */
const lateMilliseconds = 10;
const completionsOfPair = sendDepth + receiveDepth;

/** One device of this host in use: its completion queue, the memory that it knows, the queue pairs on it. */
export class RdmaDevice {
  readonly #context: RdmaContext;
  readonly #completions: CompletionQueue;
  readonly #capacity: number;
  #inlineBytes: number | null = null;
  readonly #regions = new Map<number, MemoryRegion>();
  readonly #byNumber = new Map<number, RdmaQueuePairs>();
  readonly #pairs = new Set<RdmaQueuePairs>();
  /** Those with writes to post: there may be hundreds, and poll() is the inner loop. */
  readonly #toFlush = new Set<RdmaQueuePairs>();
  #polling = false;
  #asleep = false;
  #lateLook: NodeJS.Timeout | null = null;

  /** @throws RdmaUnavailable, SystemCallError */
  constructor(
    verbs: Verbs,
    readonly name: string,
    private readonly wake: () => void,
    /** The device is of no use any more. */
    private readonly broken: (reason: string) => void,
  ) {
    const limits: Device['limits'] = verbs.queryDevice(name).limits;
    this.#capacity = Math.min(completionDepth, limits.completionQueueEntries);
    this.#context = verbs.open(name);
    try {
      this.#completions = this.#context.createCompletionQueue(this.#capacity);
    } catch (error) {
      this.#context.close();
      throw error;
    }
    this.#completions.watch(this.wake);
    this.#context.watchEvents(({ type, port, queuePair }) => this.#happened(type, port, queuePair));
  }

  get isTakenAway(): boolean {
    return this.#context.isTakenAway;
  }

  /** @throws Error when the device or its completion queue has no room */
  open(endpoint: Endpoint, service: Service, count: number, events: QueuePairEvents): RdmaQueuePairs {
    this.takeDone();
    if ((this.#byNumber.size + count) * completionsOfPair > this.#capacity)
      throw new Error(
        `${this.name} carries ${this.#byNumber.size} queue pairs, no more fit its completion queue`,
      );
    const pairs: RdmaQueuePairs = new RdmaQueuePairs(
      this.#context,
      this.#completions,
      (this.#inlineBytes ??= largestInline(this.#context, this.#completions)),
      endpoint,
      service,
      count,
      events,
      () => this.#flushSoon(pairs),
      () => this.#forget(pairs),
    );
    this.#pairs.add(pairs);
    for (const number of pairs.numbers) this.#byNumber.set(number, pairs);
    return pairs;
  }

  /** @throws SystemCallError */
  keysFor(address: number, byteCount: number): { localKey: number; remoteKey: number } {
    let region = this.#regions.get(address);
    if (region === undefined) {
      region = this.#context.registerMemory(address, byteCount, access.localWrite | access.remoteWrite);
      this.#regions.set(address, region);
    }
    return { localKey: region.lkey, remoteKey: region.rkey };
  }

  /** Of whoever polls again and again, until arm() lets it sleep. */
  poll(): boolean {
    this.#asleep = false;
    return this.takeDone();
  }

  /** Posts what was asked for, and takes what is done. */
  takeDone(): boolean {
    if (this.#polling || this.#pairs.size === 0) return false; // a completion’s consequence wants to see the others; they come next
    this.#polling = true;
    try {
      if (this.#toFlush.size > 0) this.#flush();
      return this.#pollAll();
    } finally {
      this.#polling = false;
    }
  }

  #flush(): void {
    for (const pairs of this.#toFlush) {
      this.#toFlush.delete(pairs);
      pairs.flush();
    }
  }

  #pollAll(): boolean {
    const { workIds, statuses, opcodes, immediates, byteLengths, queuePairNumbers } = this.#completions;
    let any = false;
    for (;;) {
      const count = this.#completions.poll();
      for (let c = 0; c < count; c++)
        this.#byNumber
          .get(queuePairNumbers[c] as number)
          ?.complete(
            queuePairNumbers[c] as number,
            statuses[c] as number,
            opcodes[c] as number,
            immediates[c] as number,
            byteLengths[c] as number,
          );
      if (count > 0) any = true;
      if (count < workIds.length) break;
    }
    if (any) for (const pairs of this.#pairs) pairs.offerRoom();
    return any;
  }

  /**
   * Asks for a wake when something arrives. That a write of our own is done wakes only where a sender may wait for it:
   * that is every second wake of a conversation. @returns false when there was something before
   */
  arm(): boolean {
    if (this.#pairs.size === 0) return true;
    let [isBusy, isUnderWay] = [false, false];
    for (const pairs of this.#pairs) {
      isBusy ||= pairs.isBusySending;
      isUnderWay ||= pairs.hasWritesUnderWay;
    }
    this.#completions.arm(!isBusy);
    if (isUnderWay && !isBusy) this.#lateLook ??= setTimeout(this.#lookLate, lateMilliseconds);
    this.#asleep = !this.poll();
    return this.#asleep;
  }

  /** Who polls will flush, too; who sleeps must be woken for it, though not in the midst of what asks now. */
  #flushSoon(pairs: RdmaQueuePairs): void {
    this.#toFlush.add(pairs);
    if (!this.#asleep) return;
    this.#asleep = false;
    setImmediate(this.wake);
  }

  readonly #lookLate = (): void => {
    this.#lateLook = null;
    this.wake();
  };

  /** Ends everything on it, and lets the kernel have it back. */
  close(reason: string): void {
    if (this.#lateLook !== null) clearTimeout(this.#lateLook);
    for (const pairs of [...this.#pairs]) pairs.fail(reason);
    for (const pairs of [...this.#pairs]) pairs.destroy();
    this.#regions.clear();
    this.#context.close();
  }

  #forget(pairs: RdmaQueuePairs): void {
    this.#pairs.delete(pairs);
    this.#toFlush.delete(pairs);
    // The number of a queue pair that ended before the others may be another’s by now.
    for (const number of pairs.numbers)
      if (this.#byNumber.get(number) === pairs) this.#byNumber.delete(number);
  }

  #happened(type: string, port: number | null, queuePair: number | null): void {
    if (type === 'PORT_ERR') {
      for (const pairs of [...this.#pairs])
        if (pairs.port === port) pairs.fail(`port ${this.name}/${port} is down`);
    } else if (type === 'DEVICE_FATAL' || type === 'CQ_ERR') {
      this.broken(`${this.name}: ${type}`);
    } else if (['QP_FATAL', 'QP_REQ_ERR', 'QP_ACCESS_ERR'].includes(type) && queuePair !== null) {
      this.#byNumber.get(queuePair)?.fail(`queue pair ${queuePair} of ${this.name}: ${type}`);
    }
  }
}
