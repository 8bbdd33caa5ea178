import { slot } from '../../channel/region-layout.js';
import type { EndState, RingTarget } from '../../link/messages.js';
import type { FlowEnd } from '../flow-end.js';
import { readerBytes, unsentBytes } from '../pump.js';
import { asksToLeave, isReady, leavesFrom } from '../leaving.js';
import { stopsTaken } from '../switches.js';
import type { FarEnd } from './far-end.js';

/** What the other host is told of an end. @throws GuestFault when the guest’s words make no sense */
export function describeEnd(end: FlowEnd, ring: RingTarget | null): EndState {
  const { far } = end;
  // Of a flow that was reset nothing more comes.
  const written = (): number => {
    if (end.frozenAt !== null) return end.frozenAt;
    return end.state === 'reset' ? end.sent : end.sent + unsentBytes(end, end.sent | 0);
  };
  return {
    type: 'end',
    handle: end.record,
    cookie: end.cookie.toString(),
    farHandle: far?.handle ?? null,
    vni: end.vm.config.vni,
    localAddress: end.localAddress,
    localPort: end.localPort,
    remoteAddress: end.remoteAddress,
    remotePort: end.remotePort,
    state: end.state,
    sent: end.sent,
    received: end.received,
    tail: readerBytes(end),
    ready: isReady(end),
    leaves: far === null ? null : asksToLeave(end),
    leavesFrom: leavesFrom(end),
    agrees: far?.agreed ?? false,
    left: end.left !== null,
    starts: end.starts,
    startBytes: end.startBytes,
    stops: end.stops,
    stopBytes: end.stopBytes,
    stopsTaken: stopsTaken(end, end.far?.stops ?? 0),
    stopsTold: end.far?.stopsShown ?? 0,
    asksEnd: asksEnd(end),
    endBytes: far?.asksEnd ? written() : null,
    closedAt: end.closed ? written() : null,
    done: isDone(end, far),
    ring,
  };
}

function asksEnd(end: FlowEnd): boolean {
  return Atomics.load(end.words, end.at(slot.rxEndOfStream)) !== 0;
}

/** Whether nothing of this end is on its way to the other one, bytes or credits, and nothing will be. */
function isDone(end: FlowEnd, far: FarEnd | null): boolean {
  if (far === null || far.posted !== end.sent || far.creditsUnderway > 0) return false;
  return far.closedAt !== null || end.state === 'reset';
}

/** What is news for the other host when it changes, in numbers, since it is looked at with every doorbell. */
export function newsFlags(end: FlowEnd, far: FarEnd): number {
  return (
    (end.state === 'reset' ? 1 : 0) |
    (asksEnd(end) ? 2 : 0) |
    (end.closed ? 4 : 0) |
    (isDone(end, far) ? 8 : 0) |
    (far.asksEnd ? 16 : 0) |
    (isReady(end) ? 32 : 0) |
    (asksToLeave(end) !== null ? 64 : 0) |
    (far.agreed ? 128 : 0) |
    (end.left !== null ? 256 : 0)
  );
}

/** The same of how often a sender changed its path. */
export function newsSwitches(end: FlowEnd): number {
  return end.starts * 2 ** 16 + end.stops;
}

/** And of how far the reader has followed the other end’s sender. */
export function newsFollowed(end: FlowEnd, far: FarEnd): number {
  return far.stopsShown * 2 ** 16 + stopsTaken(end, far.stops);
}
