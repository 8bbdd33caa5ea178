import { access as accessBits, mtuCode, sendFlag } from './constants.js';
import type { CompletionQueue } from './completion-queue.js';
import type { ContextOperations } from './context-operations.js';
import { attributeMask as mask, gidBytes, ibvAhAttr, ibvGlobalRoute, ibvQp, ibvQpAttr } from './layouts.js';
import { ibvQpCap, ibvQpInitAttr, queuePairState, queuePairTypeRc, sendOpcode } from './layouts.js';
import { created, succeeded, type VerbsLibrary } from './library.js';
import { ReceiveRequests } from './receive-requests.js';
import { SendRequests } from './send-requests.js';
import { readField, StructMemory } from './struct-memory.js';
import { queuePairStateText } from './texts.js';

export interface QueuePairOptions {
  completionQueue: CompletionQueue;
  /** Requests that may be under way. */
  sendDepth: number;
  receiveDepth: number;
  maxInlineBytes: number;
}

export interface ReadyToReceive {
  pathMtuBytes: number;
  remoteQueuePair: number;
  remoteGid: Uint8Array;
  /** Packet sequence number, 24 bits: what the other side gives to readyToSend(). */
  remotePsn: number;
  port: number;
  /** Of our own gid, in our port’s table. */
  gidIndex: number;
  /** Only InfiniBand has lids; 0 on Ethernet. */
  remoteLid?: number;
  hopLimit?: number;
  trafficClass?: number;
  serviceLevel?: number;
  /** Code of ibv_qp_attr.min_rnr_timer: how soon the sender asks again when we have no receive; 12 is 0.64 ms. */
  minRnrTimer?: number;
}

export interface ReadyToSend {
  psn: number;
  /** 4.096 us * 2^timeoutCode until a packet is sent again; 14 is 67 ms. */
  timeoutCode: number;
  /** 0 to 7. */
  retryCount: number;
  /** 0 to 6 times; 7 is for ever. */
  rnrRetry: number;
}

/** A reliable connection. Its methods for states throw SystemCallError; those that post return 0 or an errno. */
export class QueuePair {
  readonly number: number;
  private readonly attributes = new StructMemory(ibvQpAttr.bytes);
  private readonly sends: SendRequests;
  private readonly receives = new ReceiveRequests();
  #address: number;

  constructor(
    private readonly library: VerbsLibrary,
    private readonly operations: ContextOperations,
    protectionDomain: number,
    options: QueuePairOptions,
    private readonly onEnd: () => void,
  ) {
    this.sends = new SendRequests(options.sendDepth);
    const { address, bytes } = new StructMemory(ibvQpInitAttr.bytes);
    bytes.writeBigUInt64LE(BigInt(options.completionQueue.address), ibvQpInitAttr.sendCq);
    bytes.writeBigUInt64LE(BigInt(options.completionQueue.address), ibvQpInitAttr.recvCq);
    bytes.writeUInt32LE(options.sendDepth, ibvQpInitAttr.cap + ibvQpCap.maxSendWr);
    bytes.writeUInt32LE(options.receiveDepth, ibvQpInitAttr.cap + ibvQpCap.maxRecvWr);
    bytes.writeUInt32LE(1, ibvQpInitAttr.cap + ibvQpCap.maxSendSge);
    bytes.writeUInt32LE(1, ibvQpInitAttr.cap + ibvQpCap.maxRecvSge);
    bytes.writeUInt32LE(options.maxInlineBytes, ibvQpInitAttr.cap + ibvQpCap.maxInlineData);
    bytes.writeUInt32LE(queuePairTypeRc, ibvQpInitAttr.qpType);
    this.#address = created('ibv_create_qp', library.createQp(protectionDomain, address));
    this.number = readField(this.#address, ibvQp.qpNum, 'uint32_t');
  }

  reset(): void {
    this.modify(queuePairState.reset, 0);
  }

  /** Receives can be posted from here on. */
  init(port: number): void {
    const { bytes } = this.cleared();
    bytes.writeUInt8(port, ibvQpAttr.portNum);
    bytes.writeUInt32LE(accessBits.localWrite | accessBits.remoteWrite, ibvQpAttr.qpAccessFlags);
    this.modify(queuePairState.init, mask.pkeyIndex | mask.port | mask.accessFlags);
  }

  readyToReceive(peer: ReadyToReceive): void {
    const { bytes } = this.cleared();
    bytes.writeUInt32LE(mtuCode(peer.pathMtuBytes), ibvQpAttr.pathMtu);
    bytes.writeUInt32LE(peer.remoteQueuePair, ibvQpAttr.destQpNum);
    bytes.writeUInt32LE(peer.remotePsn, ibvQpAttr.rqPsn);
    bytes.writeUInt8(1, ibvQpAttr.maxDestRdAtomic);
    bytes.writeUInt8(peer.minRnrTimer ?? 12, ibvQpAttr.minRnrTimer);
    const address = bytes.subarray(ibvQpAttr.ahAttr);
    address.set(peer.remoteGid.subarray(0, gidBytes), ibvAhAttr.grh + ibvGlobalRoute.dgid);
    address.writeUInt8(peer.gidIndex, ibvAhAttr.grh + ibvGlobalRoute.sgidIndex);
    address.writeUInt8(peer.hopLimit ?? 64, ibvAhAttr.grh + ibvGlobalRoute.hopLimit);
    address.writeUInt8(peer.trafficClass ?? 0, ibvAhAttr.grh + ibvGlobalRoute.trafficClass);
    address.writeUInt8(peer.serviceLevel ?? 0, ibvAhAttr.sl);
    address.writeUInt16LE(peer.remoteLid ?? 0, ibvAhAttr.dlid);
    address.writeUInt8(1, ibvAhAttr.isGlobal);
    address.writeUInt8(peer.port, ibvAhAttr.portNum);
    const route = mask.av | mask.pathMtu | mask.destQpn;
    this.modify(queuePairState.rtr, route | mask.rqPsn | mask.maxDestRdAtomic | mask.minRnrTimer);
  }

  readyToSend(options: ReadyToSend): void {
    const { bytes } = this.cleared();
    bytes.writeUInt32LE(options.psn, ibvQpAttr.sqPsn);
    bytes.writeUInt8(options.timeoutCode, ibvQpAttr.timeout);
    bytes.writeUInt8(options.retryCount, ibvQpAttr.retryCnt);
    bytes.writeUInt8(options.rnrRetry, ibvQpAttr.rnrRetry);
    bytes.writeUInt8(1, ibvQpAttr.maxRdAtomic);
    const repeating = mask.timeout | mask.retryCnt | mask.rnrRetry;
    this.modify(queuePairState.rts, repeating | mask.sqPsn | mask.maxQpRdAtomic);
  }

  /** What is under way completes as flushed. */
  toError(): void {
    this.modify(queuePairState.err, 0);
  }

  /** As `rdma resource show qp` spells it: RTS. */
  state(): string {
    const { address, bytes } = this.cleared();
    const init = new StructMemory(ibvQpInitAttr.bytes);
    succeeded('ibv_query_qp', this.library.queryQp(this.live, address, mask.state, init.address));
    return queuePairStateText(bytes.readUInt32LE(ibvQpAttr.qpState));
  }

  /**
   * Has post() write into the peer’s memory and complete a receive there, which carries the immediate; 0 bytes carry
   * nothing else. At most sendDepth of them wait for post().
   * @param flags bits of sendFlag; without `signaled` only a failure completes here
   */
  addWriteWithImmediate(
    workId: number,
    localAddress: number,
    byteCount: number,
    lkey: number,
    remoteAddress: number,
    rkey: number,
    immediate: number,
    flags: number = sendFlag.signaled,
  ): void {
    const opcode = sendOpcode.rdmaWriteWithImm;
    this.sends.add(workId, opcode, flags, localAddress, byteCount, lkey, remoteAddress, rkey, immediate);
  }

  /** Posts all that was added, with one ring of the NIC’s doorbell. Returns 0 or an errno: ENOMEM when the queue is full. */
  post(): number {
    const { sends } = this;
    if (sends.count === 0) return 0;
    sends.clear();
    return Math.abs(this.operations.postSend(this.live, sends.address, sends.badAddress));
  }

  /** Posts `count` receives without memory: each takes one write with immediate. Returns 0 or an errno. */
  postReceives(count: number, workId: number): number {
    for (let left = count; left > 0;) {
      const part = Math.min(left, this.receives.batch);
      const first = this.receives.chain(part, workId);
      const errno = this.operations.postRecv(this.live, first, this.receives.badAddress);
      if (errno !== 0) return Math.abs(errno);
      left -= part;
    }
    return 0;
  }

  destroy(): void {
    if (this.#address === 0) return;
    succeeded('ibv_destroy_qp', this.library.destroyQp(this.#address));
    this.#address = 0;
    this.onEnd();
  }

  /** C would follow a pointer to nothing. */
  private get live(): number {
    if (this.#address === 0) throw new Error(`queue pair ${this.number} is destroyed`);
    return this.#address;
  }

  private cleared(): StructMemory {
    this.attributes.bytes.fill(0);
    return this.attributes;
  }

  private modify(state: number, fields: number): void {
    this.attributes.bytes.writeUInt32LE(state, ibvQpAttr.qpState);
    const errno = this.library.modifyQp(this.live, this.attributes.address, mask.state | fields);
    succeeded('ibv_modify_qp', errno);
  }
}
