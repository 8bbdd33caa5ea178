import { join } from 'node:path';
import type { HostConfig } from '../config/host-config.js';
import { formatAddress } from './address.js';
import { LedgerFile } from './ledger-file.js';
import type { LedgerBudget, LedgerFlow, LedgerLink, LedgerReader, LedgerVm } from './ledger-flow.js';
import {
  budgetField,
  budgetNames,
  ledgerPaths,
  ledgerReasons,
  linkBytes,
  linkCapacity,
  linkField,
  linkQueuePairs,
  linksOffset,
  linkStates,
  recordBytes,
  recordField,
  recordsOffset,
  recordState,
  vmCapacity,
  vmField,
  type BudgetName,
} from './ledger-layout.js';
import { VmNotes } from './vm-notes.js';

export function ledgerPath(config: HostConfig): string {
  return join(config.runtimeDirectory, 'ledger');
}

/** Reads what the data plane writes, without asking it: a mapping of the ledger and of the VMs’ notes. */
export function openLedgerReader(config: HostConfig): LedgerReader {
  const file = new LedgerFile(ledgerPath(config), false);
  const notes = new VmNotes(config.vms);
  return {
    flows: () => readFlows(file),
    vms: () => readVms(file),
    links: () => readLinks(file),
    note: (vm, cookie) => notes.find(vm, cookie),
    get isThere() {
      return file.isThere;
    },
    close: () => {
      file.close();
      notes.close();
    },
  };
}

function readFlows(file: LedgerFile): LedgerFlow[] {
  const flows: LedgerFlow[] = [];
  for (let r = 0; r < file.recordsEverUsed; r++) {
    const state = file.words[file.record(r, recordField.state)];
    if (state === recordState.waiting || state === recordState.open || state === recordState.reset)
      flows.push(readFlow(file, r, state));
  }
  return flows;
}

function readFlow(file: LedgerFile, r: number, state: number): LedgerFlow {
  const word = (field: number): number => file.words[file.record(r, field)] ?? 0;
  const number = (field: number): number => file.numbers[file.record(r, field) >> 1] ?? 0;
  const start = recordsOffset + r * recordBytes;
  const address = (field: number): string =>
    formatAddress(file.bytes.subarray(start + field, start + field + 16));
  const open = state === recordState.open;
  const peer = word(recordField.peer);
  const farHost = word(recordField.farHost);
  const closing = open && (word(recordField.closed) === 1 || (peer === 0 && farHost === 0));
  return {
    vm: file.vmName(word(recordField.vm)),
    cookie: file.cookies[file.record(r, recordField.cookie) >> 1] ?? 0n,
    localAddress: address(recordField.localAddress),
    localPort: word(recordField.localPort),
    remoteAddress: address(recordField.remoteAddress),
    remotePort: word(recordField.remotePort),
    direction: word(recordField.direction) === 1 ? 'in' : 'out',
    state: open ? (closing ? 'closing' : 'open') : state === recordState.reset ? 'reset' : 'waiting',
    path: ledgerPaths[word(recordField.path)] ?? 'tcp',
    reason: ledgerReasons[word(recordField.reason)] ?? null,
    remoteVm: peer === 0 ? null : file.vmName(file.words[file.record(peer - 1, recordField.vm)] ?? 0),
    remoteHost: farHost === 0 ? null : file.linkName(farHost - 1),
    queuePair: word(recordField.queuePair) || null,
    ringTxBytes: number(recordField.sent),
    ringRxBytes: number(recordField.received),
    claimedAt: number(recordField.claimedAt),
    program: file.text(start + recordField.program, recordField.programBytes),
    pid: word(recordField.pid),
  };
}

/** A flow’s bytes count for its VM while it lives too; the ended ones are in the VM’s own entry. */
function readVms(file: LedgerFile): LedgerVm[] {
  const vms: LedgerVm[] = [];
  for (let v = 0; v < vmCapacity && file.vmName(v) !== ''; v++)
    vms.push({
      name: file.vmName(v),
      ringTxBytes: file.numbers[file.vm(v, vmField.endedTx) >> 1] ?? 0,
      ringRxBytes: file.numbers[file.vm(v, vmField.endedRx) >> 1] ?? 0,
      processes: file.words[file.vm(v, vmField.processes)] ?? 0,
      budgets: budgetNames.map((name, b) => readBudget(file, v, name, b)),
    });
  for (let r = 0; r < file.recordsEverUsed; r++) {
    const state = file.words[file.record(r, recordField.state)];
    const vm = vms[file.words[file.record(r, recordField.vm)] ?? 0];
    if (!vm || state === recordState.empty || state === recordState.folding) continue;
    vm.ringTxBytes += file.numbers[file.record(r, recordField.sent) >> 1] ?? 0;
    vm.ringRxBytes += file.numbers[file.record(r, recordField.received) >> 1] ?? 0;
  }
  return vms;
}

function readBudget(file: LedgerFile, vm: number, name: BudgetName, budget: number): LedgerBudget {
  const word = (field: number): number => (file.words[file.usage(vm, budget, field)] ?? 0) >>> 0;
  return {
    name,
    used: word(budgetField.used),
    limit: word(budgetField.limit),
    exceeded: word(budgetField.exceeded),
  };
}

function readLinks(file: LedgerFile): LedgerLink[] {
  const links: LedgerLink[] = [];
  for (let l = 0; l < linkCapacity && file.linkName(l) !== ''; l++) {
    const word = (field: number): number => file.words[file.link(l, field)] ?? 0;
    const number = (field: number): number => file.numbers[file.link(l, field) >> 1] ?? 0;
    const start = linksOffset + l * linkBytes;
    links.push({
      host: file.linkName(l),
      state: linkStates[word(linkField.state)] ?? 'down',
      path: ledgerPaths[word(linkField.path)] ?? 'tcp',
      since: number(linkField.since),
      reason: file.text(start + linkField.reason, linkField.reasonBytes) || null,
      device: file.text(start + linkField.device, linkField.deviceBytes) || null,
      countedAt: number(linkField.countedAt),
      queuePairs: Array.from(
        { length: Math.min(word(linkField.queuePairCount), linkQueuePairs) },
        (_, q) => ({
          number: word(linkField.queuePairs + q * 8) >>> 0,
          remoteNumber: word(linkField.queuePairs + q * 8 + 4) >>> 0,
          txBytes: number(linkField.txBytes + q * 8),
          rxBytes: number(linkField.rxBytes + q * 8),
        }),
      ),
    });
  }
  return links;
}
