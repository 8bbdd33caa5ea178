import { inNetworkNamespace } from '../../native/network-namespace.js';
import { RawSocket } from '../../native/raw-socket.js';
import { SystemCallError } from '../../native/libc.js';
import { netlinkFamily } from '../../netlink/netlink-header.js';
import { netlinkMessages } from '../../netlink/netlink-messages.js';
import { diagType, netlinkSockDiag } from './inet-diag-layout.js';
import { parseKernelSocket, type KernelSocket } from './kernel-socket.js';

/** SKNLGRP_INET_TCP_DESTROY and SKNLGRP_INET6_TCP_DESTROY of linux/sock_diag.h, as bits */
const destroyGroups = (1 << 0) | (1 << 2);
/** asm-generic/errno.h */
const ENOBUFS = 105;
/** About 8,000 closed sockets between two looks. */
const receiveBufferBytes = 8 * 1024 * 1024;

/** The kernel’s last word on each TCP socket of a network namespace, sent when the socket is freed. */
export class ClosedSockets {
  readonly #socket: RawSocket;
  readonly #datagram = Buffer.alloc(8192);

  /** @throws SystemCallError; an Error with `code` when the namespace’s file cannot be opened */
  constructor(networkNamespace: string) {
    this.#socket = inNetworkNamespace(networkNamespace, () => new RawSocket(netlinkFamily, netlinkSockDiag));
    this.#socket.setReceiveBuffer(receiveBufferBytes);
    const address = Buffer.alloc(12);
    address.writeUInt16LE(netlinkFamily, 0);
    address.writeUInt32LE(destroyGroups, 8);
    this.#socket.bind(address);
  }

  /** What has closed since the last call; `lost` when there was more than the kernel could keep. */
  take(): { sockets: KernelSocket[]; lost: boolean } {
    const sockets: KernelSocket[] = [];
    let lost = false;
    for (;;) {
      let length: number | null;
      try {
        length = this.#socket.receive(this.#datagram);
      } catch (error) {
        if (!(error instanceof SystemCallError && error.errno === ENOBUFS)) throw error;
        lost = true;
        continue;
      }
      if (length === null) return { sockets, lost };
      for (const message of netlinkMessages(this.#datagram.subarray(0, length))) {
        if (message.type !== diagType.byFamily) continue;
        const socket = parseKernelSocket(message.payload);
        if (socket) sockets.push(socket);
      }
    }
  }

  close(): void {
    this.#socket.close();
  }
}
