import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { inNetworkNamespace } from '../../native/network-namespace.js';
import { RawSocket } from '../../native/raw-socket.js';
import { SystemCallError } from '../../native/libc.js';
import { destroyRequest, dumpRequest, lookupRequest } from './diag-request.js';
import { addressFamily, netlinkSockDiag, netlinkType } from './inet-diag-layout.js';
import { parseKernelSocket, type KernelSocket } from './kernel-socket.js';
import { netlinkMessages } from './netlink-messages.js';

/** The kernel fills datagrams of at most this size (NLMSG_GOODSIZE and what recv() asks for). */
const datagramBytes = 32 * 1024;
/** How long one slice of a dump may hold the event loop. */
const sliceMilliseconds = 4;

/** Questions to the kernel about one network namespace’s TCP sockets (NETLINK_SOCK_DIAG). */
export class SocketDiagnosis {
  readonly #socket: RawSocket;
  readonly #datagram = Buffer.alloc(datagramBytes);
  #sequence = 0;

  /**
   * @param networkNamespace path of the namespace’s file
   * @throws SystemCallError; an Error with `code` when the file cannot be opened
   */
  constructor(networkNamespace: string) {
    this.#socket = inNetworkNamespace(
      networkNamespace,
      () => new RawSocket(addressFamily.netlink, netlinkSockDiag),
    );
  }

  /** All sockets in the given states. One dump at a time: the caller waits for the last. */
  async dump(states: readonly number[]): Promise<KernelSocket[]> {
    const found: KernelSocket[] = [];
    for (const family of [addressFamily.inet, addressFamily.inet6])
      await this.#dumpFamily(family, states, found);
    return found;
  }

  async #dumpFamily(family: number, states: readonly number[], found: KernelSocket[]): Promise<void> {
    const sequence = ++this.#sequence;
    this.#socket.send(dumpRequest(sequence, family, states));
    let sliceEnd = performance.now() + sliceMilliseconds;
    for (;;) {
      // The kernel answers a dump within send() and recv(): nothing to read means that it has been interrupted.
      const length = this.#socket.receive(this.#datagram);
      if (length === null) throw new Error('the kernel left a dump of sockets unfinished');
      for (const message of netlinkMessages(this.#datagram.subarray(0, length))) {
        if (message.sequence !== sequence) continue;
        if (message.type === netlinkType.done) return;
        if (message.type === netlinkType.error)
          throw new SystemCallError('sock_diag dump', -message.payload.readInt32LE(0));
        const socket = parseKernelSocket(message.payload);
        if (socket) found.push(socket);
      }
      if (performance.now() > sliceEnd) {
        await yieldToOthers();
        sliceEnd = performance.now() + sliceMilliseconds;
      }
    }
  }

  /** Ends a socket by the kernel’s hand. @returns 0, or the kernel’s errno (ENOENT: it is gone already) */
  destroy(socket: KernelSocket): number {
    const sequence = ++this.#sequence;
    this.#socket.send(destroyRequest(sequence, socket.family, socket.id));
    return this.#answer(sequence) as number;
  }

  /** What has a closed socket’s 5-tuple now: its TIME_WAIT remainder, a successor, a listener, or nothing. */
  findSuccessor(closed: KernelSocket): KernelSocket | null {
    const sequence = ++this.#sequence;
    this.#socket.send(lookupRequest(sequence, closed.family, closed.id));
    const answer = this.#answer(sequence);
    return typeof answer === 'number' ? null : answer;
  }

  /** The kernel answers within send(): the socket that was asked for, or an errno. */
  #answer(sequence: number): KernelSocket | number | null {
    for (;;) {
      const length = this.#socket.receive(this.#datagram);
      if (length === null) throw new Error('the kernel left a question about a socket unanswered');
      for (const message of netlinkMessages(this.#datagram.subarray(0, length))) {
        if (message.sequence !== sequence) continue;
        if (message.type === netlinkType.error) return -message.payload.readInt32LE(0);
        return parseKernelSocket(message.payload);
      }
    }
  }

  close(): void {
    this.#socket.close();
  }
}
