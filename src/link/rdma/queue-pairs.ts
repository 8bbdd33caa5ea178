import type { RdmaOffer } from '../messages.js';

/** What happens on the queue pairs of one session. */
export interface QueuePairEvents {
  /** Bytes went both ways through all of them. */
  proven(): void;
  /** Bytes of the other host’s NIC are in the receive ring of an end of ours. */
  arrived(handle: number, byteCount: number): void;
  /** The other host’s reader is so far: the low bits of its tail, see `immediate.ts`. */
  credit(handle: number, tailUnits: number): void;
  /** The oldest write that was not told of yet is done: its bytes are in the other host’s ring. */
  sent(handle: number, byteCount: number): void;
  /** Something can be posted again. */
  room(): void;
  failed(reason: string): void;
}

/** The queue pairs of one session, ours and the other host’s joined one by one. */
export interface QueuePairs {
  readonly offer: RdmaOffer;
  /** Ready to receive, then to send. @throws Error */
  connect(remote: RdmaOffer): void;
  /** Sends a probe through each; `proven` follows when those of the other host came too. */
  prove(): void;
  /** The number of the queue pair that carries an end, chosen by the end’s own number. */
  numberFor(handle: number): number;
  /** Writes into the other host’s ring, with the next poll(). @returns false when there is no room for it now; `room` follows */
  write(
    handle: number,
    localAddress: number,
    localKey: number,
    farHandle: number,
    remoteAddress: number,
    remoteKey: number,
    byteCount: number,
  ): boolean;
  /** @returns false when there is no room for it now */
  credit(handle: number, farHandle: number, tail: number): boolean;
  statistics(): { number: number; remoteNumber: number; txBytes: number; rxBytes: number }[];
  /** Nothing is written or told any more when it returns. */
  destroy(): void;
}

/** Where queue pairs come from: a host’s RDMA devices. */
export interface QueuePairSource {
  /** Queue pairs that wait for their partners, or the reason why there are none now. */
  open(events: QueuePairEvents): QueuePairs | string;
  /** Keys of registered memory, for our NIC and for the other host’s. @throws Error */
  keysFor(address: number, byteCount: number): { localKey: number; remoteKey: number };
  /** Posts what was written, and takes what the NICs have done since the last call. @returns whether there was something */
  poll(): boolean;
  /** The same for anybody in between: it does not promise to poll again. */
  takeDone(): void;
  /** Calls `wake` when there is something new. @returns false when there is already */
  sleep(wake: () => void): boolean;
  /** RDMA with a host went wrong: it is not offered to it for a while. */
  blame(host: string, reason: string): void;
  /** Whether `open` would give queue pairs for this host now. */
  isReady(host: string): boolean;
  reasonFor(host: string): string;
}
