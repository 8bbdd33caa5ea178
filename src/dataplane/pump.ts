import { closing, ringBytes, rxRingOffset, slot, txRingOffset } from '../channel/region-layout.js';
import { recordField } from '../ledger/ledger-layout.js';
import type { LedgerFile } from '../ledger/ledger-file.js';
import { copyMemory } from '../native/shared-memory.js';
import type { FlowEnd } from './flow-end.js';
import { GuestFault } from './guest-fault.js';
import { passSwitches } from './switches.js';

/** Under this many bytes a plain loop is faster than a call through koffi (measured: the call costs about 100 ns). */
const loopBytes = 64;
/** Space worth waking a sender for; src/guest/wait/wait.c waits for as much. */
const wakeSpaceBytes = ringBytes / 4;
/**
 * Copies in one visit, at most: a reader that makes room as fast as it is filled would hold everybody else up. More
 * than one, since a reader that is awake shall not wait for a pass over all others.
 */
const mostCopies = 16;

/**
 * Moves what `from` has in its ring into the ring of `to`, as far as there is room. Both rings number their bytes
 * alike, so a byte has the same place in both, and a copy that a kill interrupted can be done again.
 * The order of the stores is the promise: copied, counted, shown to the receiver, taken from the sender.
 */
export function pump(from: FlowEnd, to: FlowEnd, ledger: LedgerFile): void {
  for (let copies = 0; copies < mostCopies; copies++) if (!moveOnce(from, to, ledger)) return;
  from.vm.doorbells.ring(from.slot); // the rest in the next pass
}

/** @returns whether there is more to move, and room for it */
function moveOnce(from: FlowEnd, to: FlowEnd, ledger: LedgerFile): boolean {
  if (from.frozenAt !== null) return false;
  const position = from.sent | 0;
  const available = unsentBytes(from, position);
  if (available === 0) return false;
  if (from.starts === from.stops && from.sent >= from.stopBytes && !passSwitches(from, to, ledger))
    return false;
  let space = freeSpace(to, position);
  if (space === 0) {
    Atomics.store(to.words, to.rxBlocked, 1);
    space = freeSpace(to, position);
    if (space === 0) return false;
  }
  const count = available < space ? available : space;
  copy(from, to, position, count);
  from.sent += count;
  to.received += count;
  ledger.numbers[ledger.record(from.record, recordField.sent) >> 1] = from.sent;
  ledger.numbers[ledger.record(to.record, recordField.received) >> 1] = to.received;
  showReceived(to);
  showSent(from);
  if (count === available) return false;
  Atomics.store(to.words, to.rxBlocked, 1);
  return freeSpace(to, from.sent | 0) > 0;
}

/** Ring bytes that the sender wrote after `position`. */
export function unsentBytes(from: FlowEnd, position: number): number {
  const available = (Atomics.load(from.words, from.txHead) - position) | 0;
  if (available < 0 || available > ringBytes)
    throw new GuestFault(from, 'the sender’s head is outside its ring');
  return available;
}

/** Shows a guest what is in its ring now. */
export function showReceived(to: FlowEnd): void {
  Atomics.store(to.words, to.rxHead, to.received | 0);
  to.vm.notify(to);
}

/** Gives a guest the room of what was delivered. */
export function showSent(from: FlowEnd): void {
  Atomics.store(from.words, from.txTail, from.sent | 0);
  if (Atomics.load(from.words, from.txWaiting) !== 0) tellSender(from);
}

/** Room for bytes from `position` on, as the receiving guest’s reader leaves it. */
export function freeSpace(to: FlowEnd, position: number): number {
  const unread = (position - Atomics.load(to.words, to.rxTail)) | 0;
  if (unread < 0 || unread > ringBytes) throw new GuestFault(to, 'the receiver’s tail is outside its ring');
  return ringBytes - unread;
}

function tellSender(from: FlowEnd): void {
  const used = (Atomics.load(from.words, from.txHead) - (from.sent | 0)) | 0;
  if (ringBytes - used < wakeSpaceBytes) return;
  Atomics.store(from.words, from.txWaiting, 0);
  from.vm.notify(from);
}

function copy(from: FlowEnd, to: FlowEnd, position: number, count: number): void {
  const offset = position & (ringBytes - 1);
  const first = Math.min(count, ringBytes - offset);
  const source = txRingOffset(from.slot);
  const target = rxRingOffset(to.slot);
  piece(from, source + offset, to, target + offset, first);
  if (count > first) piece(from, source, to, target, count - first);
}

function piece(from: FlowEnd, source: number, to: FlowEnd, target: number, count: number): void {
  if (count > loopBytes) {
    copyMemory(to.vm.address + target, from.vm.address + source, count);
    return;
  }
  const input = from.vm.bytes;
  const output = to.vm.bytes;
  for (let i = 0; i < count; i++) output[target + i] = input[source + i] as number;
}

/** Whether all that the sender’s ring has for the receiver is there; a frozen one has nothing. */
export function isDrained(from: FlowEnd): boolean {
  if (from.frozenAt !== null) return from.sent >= from.frozenAt;
  return ((Atomics.load(from.words, from.txHead) - (from.sent | 0)) | 0) === 0;
}

/** How far the guest’s reader is. A tail that cannot be is taken for one that has not moved. */
export function readerBytes(end: FlowEnd): number {
  const unread = ((end.received | 0) - Atomics.load(end.words, end.rxTail)) | 0;
  return unread < 0 || unread > ringBytes ? Math.max(0, end.received - ringBytes) : end.received - unread;
}

/** Whether the guest is about to close its socket, or just has. */
export function isClosing(end: FlowEnd): boolean {
  return Atomics.load(end.words, end.at(slot.closing)) !== closing.no;
}

/** Whether its close is a reset, by the guest’s own will. */
export function closesWithReset(end: FlowEnd): boolean {
  return Atomics.load(end.words, end.at(slot.closing)) === closing.withReset;
}

/** Whether the guest left bytes unread that the other end sent. */
export function hasUnread(end: FlowEnd): boolean {
  return (((end.received | 0) - Atomics.load(end.words, end.rxTail)) | 0) !== 0;
}
