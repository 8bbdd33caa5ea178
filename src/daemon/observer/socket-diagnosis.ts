import { inNetworkNamespace } from '../../native/network-namespace.js';
import { NetlinkClient } from '../../netlink/netlink-client.js';
import { netlinkFlag } from '../../netlink/netlink-header.js';
import { destroyRequest, dumpRequest, exactRequest, lookupRequest } from './diag-request.js';
import { addressFamily, diagType, netlinkSockDiag } from './inet-diag-layout.js';
import { cookieIn, parseKernelSocket, type KernelSocket } from './kernel-socket.js';

/** Questions to the kernel about one network namespace’s TCP sockets (NETLINK_SOCK_DIAG). */
export class SocketDiagnosis {
  readonly #dumps: NetlinkClient;
  /** Of its own: a question in the midst of a dump would swallow a part of it. */
  readonly #questions: NetlinkClient;

  /**
   * @param networkNamespace path of the namespace’s file
   * @throws SystemCallError; an Error with `code` when the file cannot be opened
   */
  constructor(networkNamespace: string) {
    const client = (): NetlinkClient => new NetlinkClient('sock_diag', netlinkSockDiag);
    [this.#dumps, this.#questions] = inNetworkNamespace(
      networkNamespace,
      () => [client(), client()] as const,
    );
  }

  /** All sockets in the given states. One dump at a time: the caller waits for the last. */
  async dump(states: readonly number[]): Promise<KernelSocket[]> {
    const found: KernelSocket[] = [];
    await this.eachMessage(states, (message) => {
      const socket = parseKernelSocket(message);
      if (socket) found.push(socket);
    });
    return found;
  }

  /** Likewise; `take` gets each message, which is its own only during the call. */
  async eachMessage(states: readonly number[], take: (message: Buffer) => void): Promise<void> {
    for (const family of [addressFamily.inet, addressFamily.inet6])
      await this.#dumps.dump(diagType.byFamily, dumpRequest(family, states), take);
  }

  /** Whether the very socket is there still. */
  has(socket: KernelSocket): boolean {
    const answer = this.#questions.ask(diagType.byFamily, 0, exactRequest(socket.family, socket.id));
    return typeof answer !== 'number' && cookieIn(answer) === socket.cookie;
  }

  /** Ends a socket by the kernel’s hand. @returns 0, or the kernel’s errno (ENOENT: it is gone already) */
  destroy(socket: KernelSocket): number {
    const request = destroyRequest(socket.family, socket.id);
    const answer = this.#questions.ask(diagType.destroy, netlinkFlag.acknowledge, request);
    return typeof answer === 'number' ? answer : 0;
  }

  /** What has a closed socket’s 5-tuple now: its TIME_WAIT remainder, a successor, a listener, or nothing. */
  findSuccessor(closed: KernelSocket): KernelSocket | null {
    const answer = this.#questions.ask(diagType.byFamily, 0, lookupRequest(closed.family, closed.id));
    return typeof answer === 'number' ? null : parseKernelSocket(answer);
  }

  close(): void {
    this.#dumps.close();
    this.#questions.close();
  }
}
