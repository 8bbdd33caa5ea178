import koffi from 'koffi';
import { SystemCallError } from '../libc.js';
import { watchReadable } from '../readable-descriptors.js';
import type { ContextOperations } from './context-operations.js';
import { ibvCompChannel, ibvWc } from './layouts.js';
import { created, succeeded, type VerbsLibrary } from './library.js';
import { inNetworkOrder } from './network-order.js';
import { readField, StructMemory } from './struct-memory.js';

/** Completions that one poll() takes at most. */
export const pollBatch = 64;

/** asm-generic/errno-base.h */
const EINTR = 4;
const EIO = 5;
const EAGAIN = 11;

const wordsPerCompletion = ibvWc.bytes / 4;
const idWord = ibvWc.wrId / 4;
const statusWord = ibvWc.status / 4;
const opcodeWord = ibvWc.opcode / 4;
const lengthWord = ibvWc.byteLen / 4;
const immediateWord = ibvWc.immData / 4;
const queuePairWord = ibvWc.qpNum / 4;

/**
 * A completion queue with a channel of its own. poll() puts what has completed into the typed arrays, the same ones
 * each time: read them before the next poll(). It allocates nothing.
 *
 * To sleep: arm(), then poll() once more (what completed before arm() wakes nobody), then wait for the wake.
 */
export class CompletionQueue {
  readonly workIds = new Float64Array(pollBatch);
  /** 0 is success; of the others completionStatusText() knows the words. */
  readonly statuses = new Uint8Array(pollBatch);
  /** See completionOpcode; without meaning when the status is an error, as are lengths and immediates. */
  readonly opcodes = new Uint8Array(pollBatch);
  readonly byteLengths = new Uint32Array(pollBatch);
  readonly immediates = new Uint32Array(pollBatch);
  readonly queuePairNumbers = new Uint32Array(pollBatch);

  private readonly completions = new StructMemory(pollBatch * ibvWc.bytes);
  private readonly words = this.completions.words;
  private readonly completionsAddress = this.completions.address;
  private readonly channel: number;
  private readonly pollCq: ContextOperations['pollCq'];
  private readonly event = new StructMemory(16);
  private stopWatching: (() => void) | null = null;
  /** One that is not acknowledged would block, in C, the destruction of the queue. */
  private unacknowledgedEvents = 0;
  #address: number;

  constructor(
    private readonly library: VerbsLibrary,
    private readonly operations: ContextOperations,
    context: number,
    depth: number,
    private readonly onEnd: () => void,
  ) {
    this.pollCq = operations.pollCq;
    this.channel = created('ibv_create_comp_channel', library.createCompChannel(context));
    try {
      this.#address = created('ibv_create_cq', library.createCq(context, depth, 0, this.channel, 0));
    } catch (error) {
      library.destroyCompChannel(this.channel);
      throw error;
    }
  }

  /** For createQueuePair. C would follow a pointer to nothing where there is none any more. */
  get address(): number {
    if (this.#address === 0) throw new Error('the completion queue is closed');
    return this.#address;
  }

  /** Takes up to 64 completions; returns how many. @throws SystemCallError when the device is broken */
  poll(): number {
    const count = this.pollCq(this.address, pollBatch, this.completionsAddress);
    if (count === 0) return 0;
    if (count < 0) throw new SystemCallError('ibv_poll_cq', -count);
    const { words } = this;
    for (let entry = 0, word = 0; entry < count; entry++, word += wordsPerCompletion) {
      const low = words[word + idWord] as number;
      this.workIds[entry] = (words[word + idWord + 1] as number) * 0x1_0000_0000 + low;
      this.statuses[entry] = words[word + statusWord] as number;
      this.opcodes[entry] = words[word + opcodeWord] as number;
      this.byteLengths[entry] = words[word + lengthWord] as number;
      this.immediates[entry] = inNetworkOrder(words[word + immediateWord] as number);
      this.queuePairNumbers[entry] = words[word + queuePairWord] as number;
    }
    return count;
  }

  /** Asks for one wake at the next completion. @param solicitedOnly only at one that came with sendFlag.solicited; Soft-RoCE tells of no failure then */
  arm(solicitedOnly = false): void {
    const errno = this.operations.reqNotifyCq(this.address, solicitedOnly ? 1 : 0);
    succeeded('ibv_req_notify_cq', errno);
  }

  /** Calls `wake` from Node’s event loop for completions that came after arm(). Arm again for the next. */
  watch(wake: () => void): void {
    this.stopWatching?.();
    const fd = readField(this.channel, ibvCompChannel.fd, 'int32_t');
    this.stopWatching = watchReadable(fd, () => {
      if (this.takeEvent()) wake();
    });
  }

  /** Another one that is there already calls again. */
  private takeEvent(): boolean {
    if (this.library.getCqEvent(this.channel, this.event.address, this.event.address + 8) === 0) {
      this.unacknowledgedEvents++;
      return true;
    }
    const errno = koffi.errno();
    // The device is gone, which its events tell; the descriptor would be readable for ever.
    if (errno === EIO) this.stopWatching?.();
    else if (errno !== EAGAIN && errno !== EINTR) throw new SystemCallError('ibv_get_cq_event', errno);
    return false;
  }

  /** The queue pairs that use it must be gone. */
  close(): void {
    if (this.#address === 0) return;
    this.stopWatching?.();
    this.library.ackCqEvents(this.#address, this.unacknowledgedEvents);
    succeeded('ibv_destroy_cq', this.library.destroyCq(this.#address));
    this.#address = 0;
    succeeded('ibv_destroy_comp_channel', this.library.destroyCompChannel(this.channel));
    this.onEnd();
  }
}
