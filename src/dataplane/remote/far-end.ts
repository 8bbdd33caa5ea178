import type { GuestReason } from '../../channel/guest-reasons.js';
import type { RingTarget } from '../../link/messages.js';
import type { KeyedRing } from './ring-memory.js';

/** What is known here of a flow’s other end, which is on another host. Counts are ring bytes since the flow’s begin. */
export class FarEnd {
  /** It told in this session where it stands; before that nothing is sent to it. */
  synced = false;
  /** It knows that this end is open. */
  open = false;
  ring: RingTarget | null = null;
  /** This end’s send ring as our NIC knows it in this session. */
  sendRing: KeyedRing | null = null;
  /** How much of this end’s bytes its reader has taken. */
  tail = 0;
  /** How much of this end’s bytes is in its ring or on the way there. */
  posted = 0;
  starts = 0;
  stops = 0;
  stopBytes = 0;
  /** How many of its stops the guest here was told of. */
  stopsShown = 0;
  /** How many of this end’s stops its reader has passed. */
  stopsTaken = 0;
  /** It asks where this end’s ring ends; where its own ends, once this end has asked. */
  asksEnd = false;
  endBytes: number | null = null;
  /** Its socket is closed, and so much is all that it wrote. */
  closedAt: number | null = null;
  /** Whoever reads there knows of the ring. */
  ready = false;
  /** It goes back to TCP for good, and wants all again from this byte on; the guest here was told, and its ring has stopped. */
  leaves: GuestReason | null = null;
  leavesFrom: number | null = null;
  agreed = false;
  /** The same of this end, as the other one says it. */
  agrees = false;
  left = false;
  /** It writes nothing into this end’s ring any more. */
  done = false;

  /** Whether the guest here may send in its ring. */
  allowed = false;
  /** The guest here must go back to TCP, and may come back when the other end’s reader has followed it. */
  leaving = false;
  /** How far it knows this end’s reader to be, and words about it that are still on their way by NIC. */
  toldTail = 0;
  creditsUnderway = 0;
  /** What it was told last, to see what is news. */
  toldFlags = -1;
  toldSwitches = -1;
  toldFollowed = -1;

  constructor(
    readonly host: string,
    /** Its number there. */
    readonly handle: number,
    /** The cookie of its socket; null after a restart, until it has told. */
    public cookie: string | null,
  ) {}
}
