import { ibvRecvWr } from './layouts.js';
import { StructMemory } from './struct-memory.js';

const chainLength = 64;

/** A chain of ibv_recv_wr without memory. It ends at its last request, so its last n are a chain of n. */
export class ReceiveRequests {
  /** Requests that one chain may have. */
  readonly batch = chainLength;
  private readonly memory = new StructMemory(chainLength * ibvRecvWr.bytes + 8);
  /** Where the provider says which request of a chain it refused. */
  readonly badAddress = this.memory.address + chainLength * ibvRecvWr.bytes;

  constructor() {
    for (let entry = 0; entry < chainLength - 1; entry++) {
      const next = this.memory.address + (entry + 1) * ibvRecvWr.bytes;
      this.memory.setNumber64((entry * ibvRecvWr.bytes + ibvRecvWr.next) / 4, next);
    }
  }

  /** The address of the first of `count` requests, all with this identifier. */
  chain(count: number, workId: number): number {
    const first = chainLength - count;
    for (let entry = first; entry < chainLength; entry++)
      this.memory.setNumber64((entry * ibvRecvWr.bytes + ibvRecvWr.wrId) / 4, workId);
    return this.memory.address + first * ibvRecvWr.bytes;
  }
}
