import { tcpState } from './inet-diag-layout.js';
import type { TcpCounters } from './kernel-socket.js';

/**
 * Exact payload counts from the kernel’s counters. What they hold, measured on Linux 6.18:
 *
 * - bytes_acked counts the SYN of the side that connected (not that of the side that accepted), and either
 *   side’s FIN once it is acknowledged.
 * - bytes_sent counts payload only, each time that it is sent; bytes_retrans what of it was sent again.
 * - bytes_received counts payload in order and the peer’s FIN, never a SYN.
 */

export type Direction = 'in' | 'out';

const afterPeersFin: readonly number[] = [tcpState.closeWait, tcpState.lastAcknowledgement, tcpState.closing];

/** Whether the peer’s FIN has come, for a socket that is not closed yet. */
export function peerHasFinished(state: number): boolean {
  return afterPeersFin.includes(state);
}

/** Bytes of the program’s stream that left at least once. */
function sentOnce(counters: TcpCounters): number {
  return counters.bytesSent - counters.bytesRetransmitted;
}

/** Who connected, by whether the SYN was counted; null while data is under way, which hides it. */
export function directionOf(state: number, counters: TcpCounters): Direction | null {
  if (counters.unacked > 0 || state === tcpState.closed) return null;
  const finAcknowledged = state === tcpState.finWait2 ? 1 : 0;
  return counters.bytesAcked - finAcknowledged > sentOnce(counters) ? 'out' : 'in';
}

/** Bytes of the program’s stream that the peer acknowledged. An acknowledged FIN implies all of them. */
export function acknowledgedPayload(direction: Direction, counters: TcpCounters): number {
  const acknowledged = counters.bytesAcked - (direction === 'out' ? 1 : 0);
  return Math.max(0, Math.min(acknowledged, sentOnce(counters)));
}

/** Bytes of the peer’s stream that arrived in order, whether the program has read them or not. */
export function receivedPayload(peerFinished: boolean, counters: TcpCounters): number {
  return Math.max(0, counters.bytesReceived - (peerFinished ? 1 : 0));
}

/** For a closed socket: how many of its SYN and FIN were acknowledged and are in bytes_acked. */
export function acknowledgedControl(counters: TcpCounters): number {
  return Math.max(0, counters.bytesAcked - sentOnce(counters));
}
