import { ibvSendWr, ibvSge } from './layouts.js';
import { inNetworkOrder } from './network-order.js';
import { StructMemory } from './struct-memory.js';

const entryBytes = ibvSendWr.bytes + ibvSge.bytes;
const next = ibvSendWr.next / 4;

/** A chain of ibv_send_wr, each with its one ibv_sge: added one by one, posted together, then filled anew. */
export class SendRequests {
  private readonly memory: StructMemory;
  private readonly words: Uint32Array;
  readonly address: number;
  /** Where the provider says which request of a chain it refused. */
  readonly badAddress: number;
  #count = 0;

  /** @param capacity requests that one chain may have */
  constructor(capacity: number) {
    this.memory = new StructMemory(capacity * entryBytes + 8);
    this.words = this.memory.words;
    this.address = this.memory.address;
    this.badAddress = this.address + capacity * entryBytes;
    for (let entry = 0; entry < capacity; entry++)
      this.memory.setNumber64(wordOf(entry, ibvSendWr.sgList), this.addressOf(entry) + ibvSendWr.bytes);
  }

  get count(): number {
    return this.#count;
  }

  add(
    workId: number,
    opcode: number,
    flags: number,
    localAddress: number,
    byteCount: number,
    lkey: number,
    remoteAddress: number,
    rkey: number,
    immediate: number,
  ): void {
    const { words, memory } = this;
    const entry = this.#count++;
    if (entry > 0) memory.setNumber64(wordOf(entry - 1, ibvSendWr.next), this.addressOf(entry));
    const at = wordOf(entry, 0);
    memory.setNumber64(at + next, 0);
    memory.setNumber64(at + ibvSendWr.wrId / 4, workId);
    words[at + ibvSendWr.opcode / 4] = opcode;
    words[at + ibvSendWr.sendFlags / 4] = flags;
    words[at + ibvSendWr.immData / 4] = inNetworkOrder(immediate);
    words[at + ibvSendWr.numSge / 4] = byteCount === 0 ? 0 : 1;
    memory.setNumber64(at + ibvSendWr.remoteAddr / 4, remoteAddress);
    words[at + ibvSendWr.rkey / 4] = rkey;
    const piece = at + ibvSendWr.bytes / 4;
    memory.setNumber64(piece + ibvSge.addr / 4, localAddress);
    words[piece + ibvSge.length / 4] = byteCount;
    words[piece + ibvSge.lkey / 4] = lkey;
  }

  /** Posting has done with the chain when it returns. */
  clear(): void {
    this.#count = 0;
  }

  private addressOf(entry: number): number {
    return this.address + entry * entryBytes;
  }
}

const wordOf = (entry: number, offset: number): number => (entry * entryBytes + offset) / 4;
