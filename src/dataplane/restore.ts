import { slot } from '../channel/region-layout.js';
import { formatAddress } from '../ledger/address.js';
import type { LedgerFile } from '../ledger/ledger-file.js';
import {
  recordBytes,
  recordCapacity,
  recordField,
  recordsOffset,
  recordState,
} from '../ledger/ledger-layout.js';
import { flowKey } from './claim.js';
import { FlowEnd } from './flow-end.js';
import type { GuestVm } from './guest-vm.js';
import { showStart } from './pump.js';
import type { Switchboard } from './switchboard.js';

/**
 * After a restart: takes up all flows where the ledger has them, and shows each guest again what it may have
 * missed. The words in the guests’ memory are not believed; they are written anew from the ledger.
 */
export function restoreFlows(
  ledger: LedgerFile,
  vms: Map<number, GuestVm>,
  switchboard: Switchboard,
): number {
  const ends = new Map<number, FlowEnd>();
  for (let r = 0; r < recordCapacity; r++) {
    const state = ledger.words[ledger.record(r, recordField.state)] ?? recordState.empty;
    if (state === recordState.empty) continue;
    const vm = vms.get(ledger.words[ledger.record(r, recordField.vm)] ?? 0);
    if (!vm || state === recordState.folding) ledger.foldRecord(r);
    else ends.set(r, restoreEnd(ledger, r, vm, state));
  }
  for (const end of ends.values()) switchboard.adopt(end);
  for (const [r, end] of ends) {
    const peer = ends.get((ledger.words[ledger.record(r, recordField.peer)] ?? 0) - 1);
    if (peer && end.peer === null) switchboard.link(end, peer);
  }
  for (const end of ends.values()) {
    // The sender’s count is stored first: the receiver’s is behind when the kill came between the two.
    if (end.peer) end.received = end.peer.sent;
    ledger.numbers[ledger.record(end.record, recordField.received) >> 1] = end.received;
    showAgain(ledger, end);
    switchboard.showState(end);
  }
  for (const end of ends.values())
    if (end.state === 'waiting' && end.peer && end.peer.state !== 'reset') switchboard.join(end, end.peer);
  for (const end of ends.values()) if (end.state === 'open') switchboard.allowSending(end);
  return ends.size;
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
  end.started = number(recordField.start) >= 0;
  return end;
}

function showAgain(ledger: LedgerFile, end: FlowEnd): void {
  const { words } = end;
  Atomics.store(words, end.rxHead, end.received | 0);
  Atomics.store(words, end.txTail, end.sent | 0);
  if (end.peer?.started)
    showStart(end, ledger.numbers[ledger.record(end.peer.record, recordField.start) >> 1] ?? 0);
  if (!end.final) return;
  words[end.at(slot.rxFinalPosition)] = end.received | 0;
  Atomics.store(words, end.at(slot.rxFinal), 1);
}
