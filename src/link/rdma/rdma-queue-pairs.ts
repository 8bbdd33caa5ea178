import type { RdmaConfig } from '../../config/host-config.js';
import { completionOpcode, statusSuccess } from '../../native/verbs/constants.js';
import type { CompletionQueue } from '../../native/verbs/completion-queue.js';
import type { RdmaContext } from '../../native/verbs/rdma-context.js';
import { completionStatusText } from '../../native/verbs/texts.js';
import type { RdmaOffer } from '../messages.js';
import { creditImmediate, dataImmediate, handleOf, isCredit, tailUnitsOf } from './immediate.js';
import { Lane, receiveDepth, sendDepth } from './lane.js';
import type { QueuePairEvents, QueuePairs } from './queue-pairs.js';

/** In the queue of writes under way: a probe. */
const noHandle = 0xffff;

export interface Endpoint {
  port: number;
  gid: Uint8Array;
  gidIndex: number;
  lid: number;
  mtuBytes: number;
}

/** How its packets are marked and sent again. */
export type Service = Pick<
  RdmaConfig,
  'trafficClass' | 'serviceLevel' | 'timeout' | 'retryCount' | 'rnrRetryCount'
>;

/** The queue pairs of one session on a real device. */
export class RdmaQueuePairs implements QueuePairs {
  readonly offer: RdmaOffer;
  private readonly lanes: Lane[];
  private readonly byNumber = new Map<number, Lane>();
  private waiting = false;
  private over = false;

  constructor(
    context: RdmaContext,
    completionQueue: CompletionQueue,
    /** What the device takes with a request. */
    inlineBytes: number,
    private readonly endpoint: Endpoint,
    private readonly service: Service,
    count: number,
    private readonly events: QueuePairEvents,
    /** Something waits for flush(). */
    private readonly onAdded: () => void,
    private readonly onEnd: () => void,
  ) {
    const options = { completionQueue, sendDepth, receiveDepth, maxInlineBytes: inlineBytes };
    this.lanes = [];
    try {
      for (let made = 0; made < count; made++) {
        const lane = new Lane(context.createQueuePair(options), inlineBytes);
        this.lanes.push(lane);
        this.byNumber.set(lane.pair.number, lane);
        lane.pair.init(endpoint.port);
        check('ibv_post_recv', lane.pair.postReceives(receiveDepth, 0));
      }
    } catch (error) {
      for (const { pair } of this.lanes) pair.destroy();
      throw error;
    }
    this.offer = {
      device: context.device,
      port: endpoint.port,
      gid: Buffer.from(endpoint.gid).toString('hex'),
      lid: endpoint.lid,
      mtuBytes: endpoint.mtuBytes,
      queuePairs: this.lanes.map(({ pair, psn }) => ({ number: pair.number, psn })),
    };
  }

  get numbers(): Iterable<number> {
    return this.byNumber.keys();
  }

  get port(): number {
    return this.endpoint.port;
  }

  get hasWritesUnderWay(): boolean {
    return this.lanes.some((lane) => lane.hasWritesUnderWay);
  }

  get isBusySending(): boolean {
    return this.lanes.some((lane) => lane.isBusySending);
  }

  connect(remote: RdmaOffer): void {
    if (remote.queuePairs.length < this.lanes.length)
      for (const lane of this.lanes.splice(remote.queuePairs.length)) lane.pair.destroy();
    this.lanes.forEach((lane, index) => {
      const other = remote.queuePairs[index]!;
      lane.remoteNumber = other.number;
      lane.pair.readyToReceive({
        pathMtuBytes: Math.min(this.endpoint.mtuBytes, remote.mtuBytes),
        remoteQueuePair: other.number,
        remoteGid: Buffer.from(remote.gid, 'hex'),
        remotePsn: other.psn,
        remoteLid: remote.lid,
        port: this.endpoint.port,
        gidIndex: this.endpoint.gidIndex,
        trafficClass: this.service.trafficClass,
        serviceLevel: this.service.serviceLevel,
      });
      lane.pair.readyToSend({
        psn: lane.psn,
        timeoutCode: this.service.timeout,
        retryCount: this.service.retryCount,
        rnrRetry: this.service.rnrRetryCount,
      });
    });
  }

  prove(): void {
    for (const lane of this.lanes) this.post(lane, noHandle, 0, 0, 0, 0, 0, dataImmediate(0));
  }

  numberFor(handle: number): number {
    return this.laneFor(handle).pair.number;
  }

  write(
    handle: number,
    localAddress: number,
    localKey: number,
    farHandle: number,
    remoteAddress: number,
    remoteKey: number,
    byteCount: number,
  ): boolean {
    const immediate = dataImmediate(farHandle);
    const lane = this.laneFor(handle);
    return this.post(lane, handle, localAddress, byteCount, localKey, remoteAddress, remoteKey, immediate);
  }

  credit(handle: number, farHandle: number, tail: number): boolean {
    return this.post(this.laneFor(handle), handle, 0, 0, 0, 0, 0, creditImmediate(farHandle, tail));
  }

  statistics(): { number: number; remoteNumber: number; txBytes: number; rxBytes: number }[] {
    return this.lanes.map(({ pair, remoteNumber, txBytes, rxBytes }) => ({
      number: pair.number,
      remoteNumber,
      txBytes,
      rxBytes,
    }));
  }

  destroy(): void {
    if (this.over) return;
    this.over = true;
    for (const { pair } of this.lanes) pair.destroy();
    this.onEnd();
  }

  /** A completion of one of these queue pairs. */
  complete(number: number, status: number, opcode: number, immediate: number, byteCount: number): void {
    const lane = this.byNumber.get(number);
    if (this.over || lane === undefined) return;
    if (status !== statusSuccess)
      return this.fail(`queue pair ${number} of ${this.offer.device}: ${completionStatusText(status)}`);
    if (opcode === completionOpcode.receiveWriteWithImmediate) this.receive(lane, immediate, byteCount);
    else this.finish(lane);
  }

  /** Posts what was asked for since the last call. */
  flush(): void {
    if (this.over) return;
    for (let l = 0; l < this.lanes.length; l++) {
      const errno = (this.lanes[l] as Lane).pair.post();
      if (errno !== 0) return this.fail(`ibv_post_send: errno ${errno}`);
    }
  }

  fail(reason: string): void {
    if (!this.over) this.events.failed(reason);
  }

  /** Those that found the send queues full may try again. */
  offerRoom(): void {
    if (!this.waiting || this.over) return;
    this.waiting = false;
    this.events.room();
  }

  private receive(lane: Lane, immediate: number, byteCount: number): void {
    const errno = lane.received(byteCount);
    if (errno !== 0) return this.fail(`ibv_post_recv: errno ${errno}`);
    if (isCredit(immediate)) return this.events.credit(handleOf(immediate), tailUnitsOf(immediate));
    if (byteCount > 0) return this.events.arrived(handleOf(immediate), byteCount);
    lane.wasProbed = true;
    this.checkProof();
  }

  private finish(lane: Lane): void {
    const handle = lane.oldestHandle;
    const byteCount = lane.finish();
    if (handle !== noHandle) return this.events.sent(handle, byteCount);
    lane.probed = true;
    this.checkProof();
  }

  private checkProof(): void {
    if (this.lanes.every(({ probed, wasProbed }) => probed && wasProbed)) this.events.proven();
  }

  private laneFor(handle: number): Lane {
    return this.lanes[handle % this.lanes.length] as Lane;
  }

  private post(
    lane: Lane,
    handle: number,
    localAddress: number,
    byteCount: number,
    localKey: number,
    remoteAddress: number,
    remoteKey: number,
    immediate: number,
  ): boolean {
    if (this.over) return false;
    if (lane.isFull) {
      this.waiting = true;
      return false;
    }
    lane.add(handle, localAddress, byteCount, localKey, remoteAddress, remoteKey, immediate);
    this.onAdded();
    return true;
  }
}

function check(call: string, errno: number): void {
  if (errno !== 0) throw new Error(`${call}: errno ${errno}`);
}
