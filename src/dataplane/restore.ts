import { guestReasonNamed } from '../channel/guest-reasons.js';
import { gate, slot } from '../channel/region-layout.js';
import { formatAddress } from '../ledger/address.js';
import type { LedgerFile } from '../ledger/ledger-file.js';
import {
  ledgerPaths,
  ledgerReasons,
  recordBytes,
  recordCapacity,
  recordField,
  recordsOffset,
  recordState,
} from '../ledger/ledger-layout.js';
import { flowKey } from './claim.js';
import type { EndBook } from './end-book.js';
import { FlowEnd } from './flow-end.js';
import type { GuestVm } from './guest-vm.js';
import { isReady } from './leaving.js';
import type { LocalPairs } from './local-pairs.js';
import type { RemoteFlows } from './remote/remote-flows.js';
import { showStart, showStop } from './switches.js';

/**
 * After a restart: takes up all flows where the ledger has them, and shows each guest again what it may have
 * missed. Ends of VMs that are not there are forgotten, and with them what was on its way. The words in the guests’ memory are not believed; they are written anew from the ledger. What an end on
 * another host has to do with it is told by that host.
 * @returns the ends that wait for their other end, and how many ends were taken up in all
 */
export function restoreFlows(
  book: EndBook,
  vms: Map<number, GuestVm>,
  pairs: LocalPairs,
  remote: RemoteFlows | null,
): { waiting: FlowEnd[]; count: number } {
  const { ledger } = book;
  const ends = new Map<number, FlowEnd>();
  for (let r = 0; r < recordCapacity; r++) {
    const state = ledger.words[ledger.record(r, recordField.state)] ?? recordState.empty;
    if (state === recordState.empty) continue;
    const vm = vms.get(ledger.words[ledger.record(r, recordField.vm)] ?? 0);
    if (!vm || state === recordState.folding) ledger.foldRecord(r);
    else ends.set(r, restoreEnd(ledger, r, vm, state));
  }
  const bereaved: FlowEnd[] = [];
  for (const end of ends.values()) {
    book.place(end);
    if (!isRefused(book, end)) book.enter(end);
    const peerRecord = book.word(end, recordField.peer) - 1;
    const peer = ends.get(peerRecord);
    if (peer && end.peer === null) pairs.link(end, peer);
    if (peerRecord >= 0 && !peer) bereaved.push(end);
    const farHost = book.word(end, recordField.farHost);
    if (farHost === 0 || end.state === 'waiting') continue;
    const onTcp = ledgerPaths[book.word(end, recordField.path)] === 'tcp';
    remote?.adopt(end, ledger.linkName(farHost - 1), book.word(end, recordField.farHandle), onTcp);
  }
  for (const end of ends.values()) {
    // The sender’s count is stored first: the receiver’s is behind when the kill came between the two.
    if (end.peer) end.received = end.peer.sent; // a frozen one’s, too: what it takes back is not counted
    book.setNumber(end, recordField.received, end.received);
    showAgain(end);
    book.showState(end);
  }
  for (const end of ends.values())
    if (end.state === 'waiting' && end.peer && end.peer.state !== 'reset') pairs.join(end, end.peer);
  for (const end of ends.values()) {
    if (end.state !== 'open') continue;
    if (ledgerReasons[book.word(end, recordField.reason)] === 'busy') book.setPath(end, 'shm', null);
    book.allowSending(end, mayStillSend(end));
  }
  for (const end of bereaved) {
    book.setWord(end, recordField.peer, 0);
    book.reset(end, 'the VM of the other end cannot be served');
  }
  const waiting = [...ends.values()].filter((end) => end.state === 'waiting' && !isRefused(book, end));
  return { waiting, count: ends.size };
}

/** Who has sent in its ring already, or whose reader at the other end knows of it. */
function mayStillSend(end: FlowEnd): boolean {
  if (end.left !== null || end.frozenAt !== null) return false;
  return end.far === null ? end.peer !== null && isReady(end.peer) : end.far.allowed;
}

/** A flow that was on its way back to TCP when the kill came: the guest asks again for what was not done. */
function showLeaving(end: FlowEnd): void {
  const { words, peer } = end;
  if (end.frozenAt !== null) {
    words[end.at(slot.txFreezePosition)] = end.frozenAt | 0;
    const before = Atomics.compareExchange(words, end.at(slot.txGate), gate.open, gate.frozen);
    if (before === gate.shut) end.frozenAt = null; // the guest was faster than the kill
  }
  if (peer && peer.stops > 0) showStop(end, peer.stops, peer.stopBytes);
  Atomics.store(words, end.at(slot.left), end.left === null ? 0 : 1);
}

function isRefused(book: EndBook, end: FlowEnd): boolean {
  const reason = ledgerReasons[book.word(end, recordField.reason)];
  return end.state === 'waiting' && (reason === 'refused' || reason === 'same-vm' || reason === 'denied');
}

function restoreEnd(ledger: LedgerFile, r: number, vm: GuestVm, state: number): FlowEnd {
  const word = (field: number): number => ledger.words[ledger.record(r, field)] ?? 0;
  const number = (field: number): number => ledger.numbers[ledger.record(r, field) >> 1] ?? 0;
  const start = recordsOffset + r * recordBytes;
  const address = (field: number): string =>
    formatAddress(ledger.bytes.subarray(start + field, start + field + 16));
  const local = address(recordField.localAddress);
  const remote = address(recordField.remoteAddress);
  const localPort = word(recordField.localPort);
  const remotePort = word(recordField.remotePort);
  const { vni } = vm.config;
  const end = new FlowEnd(
    vm,
    word(recordField.slot),
    r,
    word(recordField.generation) >>> 0,
    ledger.cookies[ledger.record(r, recordField.cookie) >> 1] ?? 0n,
    flowKey(vni, local, localPort, remote, remotePort),
    flowKey(vni, remote, remotePort, local, localPort),
    localPort,
    remotePort,
    local,
    remote,
  );
  end.state = state === recordState.open ? 'open' : state === recordState.reset ? 'reset' : 'waiting';
  end.closed = word(recordField.closed) === 1;
  end.final = word(recordField.final) === 1;
  end.sent = number(recordField.sent);
  end.received = number(recordField.received);
  end.starts = word(recordField.starts);
  end.startBytes = number(recordField.start);
  end.stops = word(recordField.stops);
  end.stopBytes = number(recordField.stop);
  end.openings = word(recordField.openings);
  end.hasYielded = true;
  const frozen = number(recordField.frozenAt);
  if (frozen > 0) end.frozenAt = frozen - 1;
  if (word(recordField.left) === 1) end.left = guestReasonNamed(ledgerReasons[word(recordField.reason)]);
  return end;
}

function showAgain(end: FlowEnd): void {
  const { words, peer } = end;
  Atomics.store(words, end.rxHead, end.received | 0);
  Atomics.store(words, end.txTail, end.sent | 0);
  if (peer && peer.starts > 0) showStart(end, peer.starts, peer.startBytes);
  showLeaving(end);
  if (!end.final) return;
  words[end.at(slot.rxFinalPosition)] = end.received | 0;
  Atomics.store(words, end.at(slot.rxFinal), 1);
}
