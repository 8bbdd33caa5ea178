import { ibvSendWr, ibvSge } from './layouts.js';
import { inNetworkOrder } from './network-order.js';
import { StructMemory } from './struct-memory.js';

const requestWord = (offset: number): number => offset / 4;
const entryWord = (offset: number): number => (ibvSendWr.bytes + offset) / 4;

/** One ibv_send_wr with its one ibv_sge, filled anew for each post; posting has done with it when it returns. */
export class SendRequest {
  private readonly memory = new StructMemory(ibvSendWr.bytes + ibvSge.bytes + 8);
  private readonly words = this.memory.words;
  readonly address = this.memory.address;
  /** Where the provider says which request of a chain it refused. */
  readonly badAddress = this.address + ibvSendWr.bytes + ibvSge.bytes;

  constructor() {
    this.memory.setNumber64(requestWord(ibvSendWr.sgList), this.address + ibvSendWr.bytes);
  }

  setWork(workId: number, opcode: number, flags: number, immediate: number): void {
    this.memory.setNumber64(requestWord(ibvSendWr.wrId), workId);
    this.words[requestWord(ibvSendWr.opcode)] = opcode;
    this.words[requestWord(ibvSendWr.sendFlags)] = flags;
    this.words[requestWord(ibvSendWr.immData)] = inNetworkOrder(immediate);
  }

  setMemory(localAddress: number, bytes: number, lkey: number, remoteAddress: number, rkey: number): void {
    this.words[requestWord(ibvSendWr.numSge)] = bytes === 0 ? 0 : 1;
    this.memory.setNumber64(entryWord(ibvSge.addr), localAddress);
    this.words[entryWord(ibvSge.length)] = bytes;
    this.words[entryWord(ibvSge.lkey)] = lkey;
    this.memory.setNumber64(requestWord(ibvSendWr.remoteAddr), remoteAddress);
    this.words[requestWord(ibvSendWr.rkey)] = rkey;
  }
}
