import type { RateMeter } from '../rates/rate-meter.js';
import type { Direction } from './payload.js';
import type { KernelSocket } from './kernel-socket.js';

/** A VM’s TCP connection that is open, with exact counts of its payload on TCP. One and the same for its whole life. */
export interface Connection {
  vm: string;
  /** VM name and cookie: the flow’s id. */
  id: string;
  socket: KernelSocket;
  direction: Direction;
  txBytes: number;
  rxBytes: number;
  /** Unix time in milliseconds. */
  firstSeenAt: number;
  /** How fast its bytes grow, on TCP and elsewhere; the flow table’s own. */
  meter: RateMeter | null;
}

/** Payload on TCP of all connections that a VM ever had, as far as this host saw them. */
export interface TcpTotals {
  txBytes: number;
  rxBytes: number;
}
