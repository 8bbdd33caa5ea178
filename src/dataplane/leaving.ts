import { gate, ringBytes, slot } from '../channel/region-layout.js';
import { guestReason, type GuestReason } from '../channel/guest-reasons.js';
import { recordField } from '../ledger/ledger-layout.js';
import type { EndBook } from './end-book.js';
import type { FlowEnd } from './flow-end.js';
import { readerBytes, unsentBytes } from './pump.js';

/**
 * A guest’s library takes a flow back to TCP for good, before a call that rings do not carry. Its own sender says where it
 * stops; the other end’s ring is frozen where it stands, and what that end’s library has in it beyond, it puts on TCP. An
 * end may use TCP once the other one was told where the ring stops.
 */

/** Whether whoever reads at this end knows of the ring. */
export function isReady(end: FlowEnd): boolean {
  return end.openings > 0 && Atomics.load(end.words, end.at(slot.rxReady)) === end.openings;
}

/** Why this end’s guest asks for that; null: it does not. */
export function asksToLeave(end: FlowEnd): GuestReason | null {
  const code = Atomics.load(end.words, end.at(slot.leaveReason));
  return code === 0 ? null : guestReason(code);
}

/** From which ring byte on the guest wants to have the other end’s bytes by TCP; null: what is in its ring it reads there. */
export function leavesFrom(end: FlowEnd): number | null {
  return (end.words[end.at(slot.leaveFromTail)] ?? 0) === 0 ? null : readerBytes(end);
}

/**
 * Takes nothing more from an end’s ring. It stops at `delivered`, or at `wanted` where all from there on is still in it.
 * Where the guest closed the ring itself, it stops after what the guest wrote, and that is still to be delivered.
 */
export function freeze(book: EndBook, end: FlowEnd, delivered: number, wanted: number | null): void {
  if (end.frozenAt !== null) return;
  const written = end.sent + unsentBytes(end, end.sent | 0);
  const at = wanted !== null && wanted <= delivered && written - wanted <= ringBytes ? wanted : delivered;
  end.words[end.at(slot.txFreezePosition)] = at | 0;
  book.setNumber(end, recordField.frozenAt, at + 1);
  if (Atomics.compareExchange(end.words, end.at(slot.txGate), gate.open, gate.frozen) === gate.shut) {
    book.setNumber(end, recordField.frozenAt, 0);
    stopAt(book, end, written);
    return;
  }
  end.frozenAt = at;
  if (at < end.sent) {
    end.sent = at;
    book.setNumber(end, recordField.sent, at);
  }
  stopAt(book, end, at);
}

function stopAt(book: EndBook, end: FlowEnd, ringBytes: number): void {
  if (end.starts === end.stops) return;
  end.stops = end.starts;
  end.stopBytes = ringBytes;
  book.setWord(end, recordField.stops, end.stops);
  book.setNumber(end, recordField.stop, ringBytes);
}

/** The guest may use TCP from now on, and the operator sees why. */
export function showLeft(book: EndBook, end: FlowEnd, reason: GuestReason): void {
  end.left = reason;
  book.setPath(end, 'tcp', reason);
  book.setWord(end, recordField.left, 1);
  book.allowSending(end, false);
  Atomics.store(end.words, end.at(slot.left), 1);
  end.vm.notify(end);
}

/** What a guest saw that ends the flow: null: nothing. */
export function faultOf(end: FlowEnd): GuestReason | null {
  const code = Atomics.load(end.words, end.at(slot.fault));
  return code === 0 ? null : guestReason(code);
}
