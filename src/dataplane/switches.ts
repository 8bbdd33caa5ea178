import { ringBytes, slot } from '../channel/region-layout.js';
import { recordField } from '../ledger/ledger-layout.js';
import type { LedgerFile } from '../ledger/ledger-file.js';
import type { FlowEnd } from './flow-end.js';
import { GuestFault } from './guest-fault.js';

/**
 * A sender goes from TCP to the ring and back only by turns, and only when it may; so between two looks at most one
 * of each has happened, and nothing that it says of an earlier one is written over.
 * @returns whether there was something new
 */
export function readSwitches(end: FlowEnd, ledger: LedgerFile): boolean {
  const { words } = end;
  const starts = (Atomics.load(words, end.at(slot.txStarts)) - end.starts) | 0;
  const stops = (Atomics.load(words, end.at(slot.txStops)) - end.stops) | 0;
  if (starts === 0 && stops === 0) return false;
  if (starts < 0 || starts > 1 || stops < 0 || stops > 1 || end.starts + starts < end.stops + stops)
    throw new GuestFault(end, 'the sender says that it changed its path oftener than it can have');
  const number = (field: number, value: number): void => {
    ledger.numbers[ledger.record(end.record, field) >> 1] = value;
  };
  const word = (field: number, value: number): void => {
    ledger.words[ledger.record(end.record, field)] = value;
  };
  if (starts > 0) {
    const low = (words[end.at(slot.txStartLow)] ?? 0) >>> 0;
    const high = (words[end.at(slot.txStartHigh)] ?? 0) >>> 0;
    end.startBytes = high * 2 ** 32 + low;
    number(recordField.start, end.startBytes);
    word(recordField.starts, ++end.starts);
  }
  if (stops > 0) {
    const left = ((words[end.at(slot.txStopPosition)] ?? 0) - (end.sent | 0)) | 0;
    if (left < 0 || left > ringBytes) throw new GuestFault(end, 'the sender stopped outside its ring');
    end.stopBytes = end.sent + left;
    number(recordField.stop, end.stopBytes);
    word(recordField.stops, ++end.stops);
  }
  return true;
}

/** What a sender says of its path, for the other end’s guest: a start and a stop that are seen at once, too. */
export function passSwitches(from: FlowEnd, to: FlowEnd, ledger: LedgerFile): boolean {
  const { starts, stops } = from;
  if (!readSwitches(from, ledger)) return false;
  if (from.starts !== starts) showStart(to, from.starts, from.startBytes);
  if (from.stops !== stops) showStop(to, from.stops, from.stopBytes);
  to.vm.notify(to);
  return true;
}

/** Tells a guest that the other end’s sender went over to the ring, and after how many bytes on TCP. */
export function showStart(to: FlowEnd, starts: number, bytes: number): void {
  to.words[to.at(slot.rxStartLow)] = bytes | 0;
  to.words[to.at(slot.rxStartHigh)] = Math.floor(bytes / 2 ** 32);
  Atomics.store(to.words, to.at(slot.rxStarts), starts);
}

/** Tells a guest that the other end’s sender went back to TCP, and at which ring byte. */
export function showStop(to: FlowEnd, stops: number, bytes: number): void {
  to.words[to.at(slot.rxStopPosition)] = bytes | 0;
  Atomics.store(to.words, to.at(slot.rxStops), stops);
}

/** Of the other end’s stops, how many this end’s reader has passed: the guest’s word, within what it can be. */
export function stopsTaken(reader: FlowEnd, stops: number): number {
  const taken = Atomics.load(reader.words, reader.at(slot.rxStopsTaken));
  return taken > 0 && taken <= stops ? taken : 0;
}

/** Tells a sender that the other end’s reader knows where it stopped: now it may send on TCP. */
export function showStopsTold(end: FlowEnd, stopsTold: number): void {
  tellSender(end, slot.txStopsTold, stopsTold);
}

/** Tells a sender that the other end’s reader is back on TCP: its ring may begin anew. */
export function showStopsPassed(end: FlowEnd, stopsPassed: number): void {
  end.stopsPassed = stopsPassed;
  tellSender(end, slot.txStopsTaken, stopsPassed);
}

function tellSender(end: FlowEnd, field: number, stops: number): void {
  if (Atomics.exchange(end.words, end.at(field), stops) !== stops) end.vm.notify(end);
}

/** Whether a sender is on TCP, and knows that the other end’s reader is. By what it was told: the reader’s word may be another now. */
export function restsOnTcp(sender: FlowEnd): boolean {
  return sender.starts === sender.stops && sender.stopsPassed === sender.stops;
}
