import { inNetworkNamespace } from '../../native/network-namespace.js';
import { NetlinkClient } from '../../netlink/netlink-client.js';
import { netlinkFlag } from '../../netlink/netlink-header.js';
import { destroyRequest, dumpRequest, lookupRequest } from './diag-request.js';
import { addressFamily, diagType, netlinkSockDiag } from './inet-diag-layout.js';
import { parseKernelSocket, type KernelSocket } from './kernel-socket.js';

/** Questions to the kernel about one network namespace’s TCP sockets (NETLINK_SOCK_DIAG). */
export class SocketDiagnosis {
  readonly #client: NetlinkClient;

  /**
   * @param networkNamespace path of the namespace’s file
   * @throws SystemCallError; an Error with `code` when the file cannot be opened
   */
  constructor(networkNamespace: string) {
    this.#client = inNetworkNamespace(
      networkNamespace,
      () => new NetlinkClient('sock_diag', netlinkSockDiag),
    );
  }

  /** All sockets in the given states. One dump at a time: the caller waits for the last. */
  async dump(states: readonly number[]): Promise<KernelSocket[]> {
    const found: KernelSocket[] = [];
    for (const family of [addressFamily.inet, addressFamily.inet6])
      await this.#client.dump(diagType.byFamily, dumpRequest(family, states), (payload) => {
        const socket = parseKernelSocket(payload);
        if (socket) found.push(socket);
      });
    return found;
  }

  /** Ends a socket by the kernel’s hand. @returns 0, or the kernel’s errno (ENOENT: it is gone already) */
  destroy(socket: KernelSocket): number {
    const request = destroyRequest(socket.family, socket.id);
    const answer = this.#client.ask(diagType.destroy, netlinkFlag.acknowledge, request);
    return typeof answer === 'number' ? answer : 0;
  }

  /** What has a closed socket’s 5-tuple now: its TIME_WAIT remainder, a successor, a listener, or nothing. */
  findSuccessor(closed: KernelSocket): KernelSocket | null {
    const answer = this.#client.ask(diagType.byFamily, 0, lookupRequest(closed.family, closed.id));
    return typeof answer === 'number' ? null : parseKernelSocket(answer);
  }

  close(): void {
    this.#client.close();
  }
}
