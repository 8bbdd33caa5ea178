import koffi from 'koffi';
import { SystemCallError } from '../libc.js';
import { ibvAsyncEvent, ibvContext, ibvQp } from './layouts.js';
import type { VerbsLibrary } from './library.js';
import { watchReadable } from '../readable-descriptors.js';
import { readField, StructMemory } from './struct-memory.js';
import { asyncEventNames, asyncEventText } from './texts.js';

/** Something happened to a device, a port, a queue pair or a completion queue. */
export interface AsyncEvent {
  /** As in enum ibv_event_type, without IBV_EVENT_ */
  type: string;
  /** Only for events of a port. */
  port: number | null;
  /** The queue pair’s number; only for events of one. */
  queuePair: number | null;
}

/** asm-generic/errno-base.h */
const EINTR = 4;
const EIO = 5;
const EAGAIN = 11;

const aboutPort = new Set<string>(
  asyncEventNames.filter((name) => /^(PORT|LID|PKEY|SM|CLIENT|GID)_/.test(name)),
);
const aboutQueuePair = new Set<string>(
  asyncEventNames.filter((name) => /^(QP_|COMM_EST|SQ_DRAINED|PATH_MIG)/.test(name)),
);

/** The asynchronous events of an open device. */
export class AsyncEvents {
  readonly fd: number;
  private readonly event = new StructMemory(ibvAsyncEvent.bytes);
  private stopWatching: (() => void) | null = null;

  constructor(
    private readonly library: VerbsLibrary,
    private readonly context: number,
  ) {
    this.fd = readField(context, ibvContext.asyncFd, 'int32_t');
  }

  watch(listener: (event: AsyncEvent) => void): void {
    this.stop();
    this.stopWatching = watchReadable(this.fd, () => {
      for (let event; (event = this.next()) !== null;) listener(event);
    });
  }

  stop(): void {
    this.stopWatching?.();
    this.stopWatching = null;
  }

  /**
   * Takes the next event. It is acknowledged at once: the destruction of a queue pair or completion queue waits, in C,
   * for the acknowledgement of each of its events that was read (those unread the kernel drops).
   */
  private next(): AsyncEvent | null {
    if (this.stopWatching === null) return null;
    if (this.library.getAsyncEvent(this.context, this.event.address) !== 0) {
      const errno = koffi.errno();
      if (errno === EAGAIN || errno === EINTR) return null;
      // The device is gone, which its last event (DEVICE_FATAL) has said.
      if (errno !== EIO) throw new SystemCallError('ibv_get_async_event', errno);
      this.stop();
      return null;
    }
    const type = asyncEventText(this.event.bytes.readUInt32LE(ibvAsyncEvent.eventType));
    const port = aboutPort.has(type) ? this.event.bytes.readInt32LE(ibvAsyncEvent.element) : null;
    const queuePair = aboutQueuePair.has(type)
      ? readField(Number(this.event.bytes.readBigUInt64LE(ibvAsyncEvent.element)), ibvQp.qpNum, 'uint32_t')
      : null;
    this.library.ackAsyncEvent(this.event.address);
    return { type, port, queuePair };
  }
}
