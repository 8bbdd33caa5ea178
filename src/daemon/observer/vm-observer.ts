import { ClosedSockets } from './closed-sockets.js';
import type { Connection, TcpTotals } from './connection.js';
import { tcpState } from './inet-diag-layout.js';
import { cookieIn, parseKernelSocket, refreshKernelSocket, type KernelSocket } from './kernel-socket.js';
import {
  acknowledgedControl,
  acknowledgedPayload,
  directionOf,
  peerHasFinished,
  receivedPayload,
  type Direction,
} from './payload.js';
import { SocketDiagnosis } from './socket-diagnosis.js';

const openStates = [
  tcpState.established,
  tcpState.finWait1,
  tcpState.finWait2,
  tcpState.closeWait,
  tcpState.lastAcknowledgement,
  tcpState.closing,
] as const;

/** Counts a connection by its socket’s counters. */
function count(connection: Connection, peerFinished: boolean): void {
  const { direction, socket } = connection;
  connection.txBytes = acknowledgedPayload(direction, socket.counters!);
  connection.rxBytes = receivedPayload(peerFinished, socket.counters!);
}

/** Sees every TCP connection of one VM, without the VM’s help. */
export class VmObserver {
  readonly diagnosis: SocketDiagnosis;
  readonly #closed: ClosedSockets;
  /** By cookie: the open ones, and those that left the dumps but whose last counts the kernel has not told yet. */
  readonly #known = new Map<bigint, Connection>();
  readonly #ended: TcpTotals;

  /**
   * @param ended what an earlier vsockd counted for connections that are closed
   * @throws SystemCallError; an Error with `code` when the namespace’s file cannot be opened
   */
  constructor(
    readonly vm: string,
    networkNamespace: string,
    ended: TcpTotals,
  ) {
    this.#ended = { ...ended };
    this.diagnosis = new SocketDiagnosis(networkNamespace);
    try {
      this.#closed = new ClosedSockets(networkNamespace);
    } catch (error) {
      this.diagnosis.close();
      throw error;
    }
  }

  /** The connections that are open now. One call at a time. */
  async observe(now: number): Promise<Connection[]> {
    const connections: Connection[] = [];
    const undirected: KernelSocket[] = [];
    await this.diagnosis.eachMessage(openStates, (message) => {
      const known = this.#known.get(cookieIn(message) ?? 0n);
      if (known !== undefined) {
        refreshKernelSocket(known.socket, message);
        if (known.socket.counters === null) return;
        count(known, peerHasFinished(known.socket.state));
        connections.push(known);
        return;
      }
      const socket = parseKernelSocket(message);
      if (socket === null || socket.counters === null) return;
      const direction = directionOf(socket.state, socket.counters);
      if (direction === null) undirected.push(socket);
      else connections.push(this.#meet(socket, direction, now));
    });
    const listening = undirected.length === 0 ? null : await this.#listeningPorts();
    for (const socket of undirected) {
      const direction = listening?.has(socket.localPort) === true ? 'in' : 'out';
      connections.push(this.#meet(socket, direction, now));
    }
    return connections;
  }

  /** Takes in what has closed since the last call. @returns whether the kernel had to drop some of it */
  settleClosed(now: number): boolean {
    const { sockets, lost } = this.#closed.take();
    for (const socket of sockets) {
      if (socket.counters === null) continue;
      const known = this.#known.get(socket.cookie);
      const direction = known?.direction ?? this.#closedDirection(socket);
      const finCounted = this.#countedFin(socket, direction);
      const last = { ...(known ?? this.#connection(socket, direction, now)), socket };
      count(last, finCounted);
      this.#end(socket.cookie, last);
    }
    return lost;
  }

  /** After a loss: gives up waiting for the last counts of connections that are not open any more. */
  forgetAllBut(open: Connection[]): void {
    const cookies = new Set(open.map((connection) => connection.socket.cookie));
    for (const [cookie, connection] of this.#known) if (!cookies.has(cookie)) this.#end(cookie, connection);
  }

  totals(): TcpTotals {
    const totals = { ...this.#ended };
    for (const { txBytes, rxBytes } of this.#known.values()) {
      totals.txBytes += txBytes;
      totals.rxBytes += rxBytes;
    }
    return totals;
  }

  /** Totals of the closed connections only: what a next vsockd cannot ask the kernel for. */
  endedTotals(): TcpTotals {
    return { ...this.#ended };
  }

  close(): void {
    this.diagnosis.close();
    this.#closed.close();
  }

  #meet(socket: KernelSocket, direction: Direction, now: number): Connection {
    const connection = this.#connection(socket, direction, now);
    count(connection, peerHasFinished(socket.state));
    this.#known.set(socket.cookie, connection);
    return connection;
  }

  #connection(socket: KernelSocket, direction: Direction, now: number): Connection {
    const id = `${this.vm}:${socket.cookie}`;
    return { vm: this.vm, id, socket, direction, txBytes: 0, rxBytes: 0, firstSeenAt: now, meter: null };
  }

  #end(cookie: bigint, { txBytes, rxBytes }: TcpTotals): void {
    this.#known.delete(cookie);
    this.#ended.txBytes += txBytes;
    this.#ended.rxBytes += rxBytes;
  }

  async #listeningPorts(): Promise<Set<number>> {
    return new Set((await this.diagnosis.dump([tcpState.listen])).map((socket) => socket.localPort));
  }

  /**
   * A connection that came and went between two looks. One byte more acknowledged than sent is the SYN of a
   * connection that was reset, or the FIN of one that this VM had accepted: then its listener or its TIME_WAIT
   * remainder is there as a rule. Two are both.
   */
  #closedDirection(socket: KernelSocket): Direction {
    const control = acknowledgedControl(socket.counters!);
    if (control !== 1) return control === 0 ? 'in' : 'out';
    return this.diagnosis.findSuccessor(socket) === null ? 'out' : 'in';
  }

  /**
   * Whether a closed socket’s bytes_received has the peer’s FIN in it. The side that closed last had it before it
   * closed. The side that closed first leaves a TIME_WAIT remainder, which takes the FIN in the socket’s place,
   * except where the program waited for the FIN: then the socket had it, unread (receive queue) or read. This last
   * case cannot be told from the kernel’s message, and counts one byte too many.
   */
  #countedFin(socket: KernelSocket, direction: Direction): boolean {
    const known = this.#known.get(socket.cookie);
    if (known !== undefined && peerHasFinished(known.socket.state)) return true;
    const endedByReset = acknowledgedControl(socket.counters!) <= (direction === 'out' ? 1 : 0);
    if (endedByReset) return false;
    if (socket.receiveQueue > 0) return true;
    const successor = this.diagnosis.findSuccessor(socket);
    return successor === null || successor.counters !== null;
  }
}
