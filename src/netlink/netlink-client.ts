import { SystemCallError } from '../native/libc.js';
import { RawSocket } from '../native/raw-socket.js';
import { Pace } from '../pace/pace.js';
import { netlinkFamily, netlinkFlag, netlinkHeader, netlinkType } from './netlink-header.js';
import { netlinkMessages } from './netlink-messages.js';

/** The kernel fills datagrams of at most this size (NLMSG_GOODSIZE and what recv() asks for). */
const datagramBytes = 32 * 1024;

/** Questions to one of the kernel’s netlink families, which answers within send() and recv(). One at a time. */
export class NetlinkClient {
  readonly #socket: RawSocket;
  readonly #datagram = Buffer.alloc(datagramBytes);
  #sequence = 0;

  /**
   * @param protocol NETLINK_* of linux/netlink.h
   * @throws SystemCallError
   */
  constructor(
    private readonly name: string,
    protocol: number,
  ) {
    this.#socket = new RawSocket(netlinkFamily, protocol);
  }

  /**
   * Asks for all there is; `take` gets each payload, which is its own only during the call.
   * @throws SystemCallError with the kernel’s errno
   */
  async dump(type: number, payload: Buffer, take: (answer: Buffer) => void): Promise<void> {
    const sequence = this.#send(type, netlinkFlag.dump, payload);
    const pace = new Pace();
    for (;;) {
      // Nothing to read means that the dump has been interrupted.
      const length = this.#socket.receive(this.#datagram);
      if (length === null) throw new Error(`the kernel left a ${this.name} dump unfinished`);
      for (const message of netlinkMessages(this.#datagram.subarray(0, length))) {
        if (message.sequence !== sequence) continue;
        if (message.type === netlinkType.done || message.type === netlinkType.error) {
          const errno = errnoOf(message.payload);
          if (errno === 0) return;
          throw new SystemCallError(`${this.name} dump`, errno);
        }
        take(message.payload);
      }
      if (pace.isDue) await pace.rest();
    }
  }

  /** Asks for one thing. @returns its payload, which is good until the next question, or the kernel’s errno */
  ask(type: number, flags: number, payload: Buffer): Buffer | number {
    const sequence = this.#send(type, flags, payload);
    for (;;) {
      const length = this.#socket.receive(this.#datagram);
      if (length === null) throw new Error(`the kernel left a ${this.name} question unanswered`);
      for (const message of netlinkMessages(this.#datagram.subarray(0, length))) {
        if (message.sequence !== sequence) continue;
        return message.type === netlinkType.error ? errnoOf(message.payload) : message.payload;
      }
    }
  }

  /** @returns whether so many bytes can be sent at once: only the real root may go beyond the system’s limit */
  makeRoomFor(bytes: number): boolean {
    return this.#socket.setSendBuffer(bytes);
  }

  /**
   * Several messages at once, of which the last but one asks for an answer: what is between two borders is done as a
   * whole, or not at all.
   * @returns the kernel’s first errno; 0: it is done
   */
  order(messages: readonly { type: number; payload: Buffer }[]): number {
    const asked = messages.length - 2;
    const first = this.#sequence + 1;
    const framed = messages.map(({ type, payload }, index) =>
      this.#framed(type, index === asked ? netlinkFlag.acknowledge : 0, payload),
    );
    this.#socket.send(Buffer.concat(framed));
    let found: number | null = null;
    for (;;) {
      const length = this.#socket.receive(this.#datagram);
      // The kernel has said all within send().
      if (length === null) break;
      for (const { type, sequence, payload } of netlinkMessages(this.#datagram.subarray(0, length)))
        if (type === netlinkType.error && sequence >= first) found = found || errnoOf(payload);
    }
    if (found === null) throw new Error(`the kernel left a ${this.name} order unanswered`);
    return found;
  }

  close(): void {
    this.#socket.close();
  }

  #send(type: number, flags: number, payload: Buffer): number {
    this.#socket.send(this.#framed(type, flags, payload));
    return this.#sequence;
  }

  /** A message under the next number. */
  #framed(type: number, flags: number, payload: Buffer): Buffer {
    const sequence = ++this.#sequence;
    const length = netlinkHeader.bytes + payload.length;
    // The next one begins at a multiple of four.
    const message = Buffer.alloc((length + 3) & ~3);
    message.writeUInt32LE(length, netlinkHeader.length);
    message.writeUInt16LE(type, netlinkHeader.type);
    message.writeUInt16LE(netlinkFlag.request | flags, netlinkHeader.flags);
    message.writeUInt32LE(sequence, netlinkHeader.sequence);
    payload.copy(message, netlinkHeader.bytes);
    return message;
  }
}

/** What NLMSG_ERROR and NLMSG_DONE begin with. */
function errnoOf(payload: Buffer): number {
  return payload.length < 4 ? 0 : -payload.readInt32LE(0);
}
