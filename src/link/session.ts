import type { Socket } from 'node:net';
import { controlFrame, creditFrame, dataHeader, emptyFrame, FrameReader, type Frame } from './frames.js';
import { ControlMessage } from './messages.js';

/** Bytes that may wait for the TLS stream before data has to wait in its ring. */
const queueLimitBytes = 512 * 1024;
/** Keepalive intervals without a word after which the other host is held for gone. */
const silentIntervals = 3;

export interface SessionEvents {
  message(message: ControlMessage): void;
  data(handle: number, position: number, bytes: Buffer): void;
  credit(handle: number, received: number, tail: number): void;
  /** Data may be sent again. */
  room(): void;
  /** Once; nothing comes after it. */
  ended(reason: string): void;
}

/** One TLS connection to another host’s vsockd, while it lasts. */
export class Session {
  readonly #reader = new FrameReader();
  readonly #timer: NodeJS.Timeout;
  #heardAt = performance.now();
  #ended = false;

  constructor(
    private readonly socket: Socket,
    keepaliveMilliseconds: number,
    private readonly events: SessionEvents,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('drain', () => this.#ended || events.room());
    socket.on('error', (error: Error) => this.end(`the connection failed: ${error.message}`));
    socket.on('close', () => this.end('the other host closed the connection'));
    this.#timer = setInterval(() => this.#keepAlive(keepaliveMilliseconds), keepaliveMilliseconds);
  }

  send(message: ControlMessage): void {
    if (!this.#ended) this.socket.write(controlFrame(message));
  }

  get hasRoom(): boolean {
    return !this.#ended && this.socket.writableLength < queueLimitBytes;
  }

  /** @param bytes are copied, since the guest may change them */
  sendData(handle: number, position: number, ...bytes: Uint8Array[]): void {
    const count = bytes.reduce((sum, part) => sum + part.length, 0);
    this.socket.write(Buffer.concat([dataHeader(handle, position, count), ...bytes]));
  }

  sendCredit(handle: number, received: number, tail: number): void {
    if (!this.#ended) this.socket.write(creditFrame(handle, received, tail));
  }

  /** Ends it; the other side is told why. */
  close(reason: string): void {
    this.send({ type: 'bye', reason });
    this.end(reason);
  }

  end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    this.socket.end();
    this.socket.destroySoon();
    this.events.ended(reason);
  }

  #take(chunk: Buffer): void {
    this.#heardAt = performance.now();
    try {
      for (const frame of this.#reader.push(chunk)) {
        if (this.#ended) return;
        this.#handle(frame);
      }
    } catch (error) {
      this.close(
        `the other host broke the protocol: ${(error as Error).message.split('\n')[0]}`.slice(0, 200),
      );
    }
  }

  #handle(frame: Frame): void {
    switch (frame.kind) {
      case 'data':
        return this.events.data(frame.handle, frame.position, frame.bytes);
      case 'credit':
        return this.events.credit(frame.handle, frame.received, frame.tail);
      case 'ping':
        return void this.socket.write(emptyFrame('pong'));
      case 'pong':
        return;
      case 'control': {
        const message = ControlMessage.parse(JSON.parse(frame.text));
        if (message.type === 'bye') this.end(message.reason.replace(/\p{C}/gu, ''));
        else this.events.message(message);
      }
    }
  }

  #keepAlive(intervalMilliseconds: number): void {
    const silentMilliseconds = performance.now() - this.#heardAt;
    if (silentMilliseconds > silentIntervals * intervalMilliseconds)
      this.end(`the other host did not answer for ${(silentMilliseconds / 1000).toFixed(1)} s`);
    else this.socket.write(emptyFrame('ping'));
  }
}
