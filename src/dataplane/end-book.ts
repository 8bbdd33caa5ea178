import { guestState, hostState, slot } from '../channel/region-layout.js';
import type { LedgerFile } from '../ledger/ledger-file.js';
import {
  ledgerPaths,
  ledgerReasons,
  recordBytes,
  recordField,
  recordsOffset,
  recordState,
  type LedgerPath,
  type LedgerReason,
} from '../ledger/ledger-layout.js';
import { flowKey, type Claim } from './claim.js';
import { FlowEnd } from './flow-end.js';
import { GuestFault } from './guest-fault.js';
import type { GuestVm } from './guest-vm.js';
import type { LogLevel } from './messages.js';

export type Log = (level: LogLevel, message: string, fields: Record<string, unknown>) => void;

/** Why a flow is reset whose other end is closed, and has nobody to take what comes. */
export const forClosed = 'bytes for a closed socket';

/** All ends of flows on this host: by connection, by socket, by number; and what the ledger and the guests know of them. */
export class EndBook {
  private readonly byKey = new Map<string, FlowEnd>();
  /** By VM and cookie: any VM may write any number into its memory. */
  private readonly bySocket = new Map<string, FlowEnd>();
  private readonly byRecord = new Map<number, FlowEnd>();

  constructor(
    readonly ledger: LedgerFile,
    readonly log: Log,
  ) {}

  withKey(key: string): FlowEnd | undefined {
    return this.byKey.get(key);
  }

  withSocket(vm: string, cookie: bigint): FlowEnd | undefined {
    return this.bySocket.get(socketKey(vm, cookie));
  }

  /** An end’s record in the ledger is also its number for other hosts. */
  withRecord(record: number): FlowEnd | undefined {
    return this.byRecord.get(record);
  }

  all(): Iterable<FlowEnd> {
    return this.byRecord.values();
  }

  /** Makes an end of a claim; null when the ledger has no room. */
  open(vm: GuestVm, index: number, claim: Claim): FlowEnd | null {
    const record = this.ledger.takeRecord();
    if (record < 0) return null;
    const { localAddress, localPort, remoteAddress, remotePort } = claim;
    const { vni } = vm.config;
    const end = new FlowEnd(
      vm,
      index,
      record,
      claim.generation,
      claim.cookie,
      flowKey(vni, localAddress, localPort, remoteAddress, remotePort),
      flowKey(vni, remoteAddress, remotePort, localAddress, localPort),
      localPort,
      remotePort,
      localAddress,
      remoteAddress,
    );
    this.writeRecord(end, claim);
    this.place(end);
    this.zeroHostWords(end);
    return end;
  }

  /** Puts an end into its slot; also one that the ledger knows from before a restart. */
  place(end: FlowEnd): void {
    end.vm.flows[end.slot] = end;
    this.byRecord.set(end.record, end);
  }

  /** Its claim was checked: from now on it is found by its connection and by its socket. */
  enter(end: FlowEnd): void {
    this.byKey.set(end.key, end);
    this.bySocket.set(socketKey(end.vm.config.name, end.cookie), end);
  }

  /** Forgets an end: its slot is free, its bytes are in its VM’s totals. */
  release(end: FlowEnd): void {
    if (this.byKey.get(end.key) === end) this.byKey.delete(end.key);
    const socket = socketKey(end.vm.config.name, end.cookie);
    if (this.bySocket.get(socket) === end) this.bySocket.delete(socket);
    this.byRecord.delete(end.record);
    end.vm.flows[end.slot] = null;
    this.ledger.foldRecord(end.record);
    end.vm.freeSlot(end.slot);
  }

  word(end: FlowEnd, field: number): number {
    return this.ledger.words[this.ledger.record(end.record, field)] ?? 0;
  }

  /** As its guest says. */
  directionOf(end: FlowEnd): 'in' | 'out' {
    return this.word(end, recordField.direction) === 1 ? 'in' : 'out';
  }

  setWord(end: FlowEnd, field: number, value: number): void {
    this.ledger.words[this.ledger.record(end.record, field)] = value;
  }

  setNumber(end: FlowEnd, field: number, value: number): void {
    this.ledger.numbers[this.ledger.record(end.record, field) >> 1] = value;
  }

  /** What an operator is shown; `reason` is for `tcp`, and for a path that does not move. */
  setPath(end: FlowEnd, path: LedgerPath, reason: LedgerReason): void {
    this.setWord(end, recordField.path, ledgerPaths.indexOf(path));
    this.setReason(end, reason);
  }

  /** Why bytes do not move, or null; the path stays. */
  setReason(end: FlowEnd, reason: LedgerReason): void {
    this.setWord(end, recordField.reason, ledgerReasons.indexOf(reason));
  }

  setState(end: FlowEnd, state: FlowEnd['state']): void {
    end.state = state;
    if (state === 'open') this.setWord(end, recordField.openings, ++end.openings);
    this.setWord(end, recordField.state, recordState[state]);
    this.showState(end);
  }

  showState(end: FlowEnd): void {
    end.words[end.at(slot.openings)] = end.openings;
    Atomics.store(end.words, end.at(slot.hostState), hostState[end.state]);
    Atomics.store(end.words, end.at(slot.hostGeneration), end.generation | 0);
    end.vm.notify(end);
  }

  /** Whether the guest may send in its ring. */
  allowSending(end: FlowEnd, allowed: boolean): void {
    end.allowed = allowed;
    Atomics.store(end.words, end.at(slot.txAllowed), allowed ? 1 : 0);
    if (!allowed) end.vm.notify(end); // a sender may sleep until there is room in the ring
  }

  /** Tells the guest where the stream that it reads ends. */
  setFinal(end: FlowEnd): void {
    end.words[end.at(slot.rxFinalPosition)] = end.received | 0;
    Atomics.store(end.words, end.at(slot.rxFinal), 1);
    end.final = true;
    this.setWord(end, recordField.final, 1);
    end.vm.notify(end);
  }

  /** Its guest’s socket is gone. */
  setClosed(end: FlowEnd): void {
    end.closed = true;
    this.setWord(end, recordField.closed, 1);
  }

  /** The process that claimed it or took it over; null: its hello is on the way. */
  pidOf(end: FlowEnd): number | null {
    const process = end.vm.processes[end.words[end.at(slot.process)] ?? 0];
    const pid = process?.pid ?? this.word(end, recordField.pid);
    return pid > 0 ? pid : null;
  }

  /** Both ends see a reset; what was on the way is lost, as with TCP. */
  reset(end: FlowEnd, why: string): void {
    const open = [end, end.peer].filter((one) => one !== null && one.state !== 'reset') as FlowEnd[];
    if (open.length === 0) return;
    this.log('info', `flow reset: ${why}`, this.describe(end));
    for (const one of open) this.setState(one, 'reset');
  }

  /** As `reset`. Where the other end’s stream was over before, the next call at this end is told of a broken pipe. */
  resetAfter(streamEnded: boolean, end: FlowEnd, why: string): void {
    if (streamEnded && !end.final) this.setFinal(end);
    this.reset(end, why);
  }

  /** @throws GuestFault when the guest did away with a claim that is in use */
  checkClaim(end: FlowEnd): void {
    const { words } = end;
    const generation = (words[end.at(slot.generation)] ?? 0) >>> 0;
    if (generation !== end.generation || Atomics.load(words, end.at(slot.guestState)) !== guestState.claimed)
      throw new GuestFault(end, 'the guest changed a slot that is in use');
  }

  private zeroHostWords(end: FlowEnd): void {
    for (const field of [
      slot.rxStarts,
      slot.rxStops,
      slot.rxFinal,
      slot.rxFinalPosition,
      slot.txTail,
      slot.rxHead,
      slot.rxBlocked,
      slot.txAllowed,
      slot.txStopsTaken,
      slot.txStopsTold,
      slot.left,
      slot.txFreezePosition,
      slot.openings,
    ])
      Atomics.store(end.words, end.at(field), 0);
  }

  private writeRecord(end: FlowEnd, claim: Claim): void {
    const { ledger } = this;
    const start = recordsOffset + end.record * recordBytes;
    ledger.bytes.fill(0, start + 4, start + recordBytes);
    this.setWord(end, recordField.vm, end.vm.ledgerIndex);
    this.setWord(end, recordField.slot, end.slot);
    this.setWord(end, recordField.generation, end.generation | 0);
    this.setWord(end, recordField.direction, claim.direction === 'in' ? 1 : 2);
    this.setWord(end, recordField.localPort, claim.localPort);
    this.setWord(end, recordField.remotePort, claim.remotePort);
    ledger.cookies[ledger.record(end.record, recordField.cookie) >> 1] = end.cookie;
    this.setNumber(end, recordField.claimedAt, Date.now());
    ledger.bytes.set(claim.localBytes, start + recordField.localAddress);
    ledger.bytes.set(claim.remoteBytes, start + recordField.remoteAddress);
    this.writeProcess(end, claim.process);
  }

  private writeProcess(end: FlowEnd, index: number): void {
    const process = end.vm.processes[index];
    if (!process) return; // its hello is on the way
    const { ledger } = this;
    const start = recordsOffset + end.record * recordBytes;
    this.setWord(end, recordField.pid, process.pid);
    const at = start + recordField.program;
    // No character is written in part.
    const length = ledger.bytes.write(process.program, at, recordField.programBytes - 1, 'utf8');
    ledger.bytes[at + length] = 0;
  }

  /** A process said hello: flows that it claimed before get its name. */
  nameProcess(vm: GuestVm, index: number): void {
    for (const end of vm.flows)
      if (end && end.words[end.at(slot.process)] === index) this.writeProcess(end, index);
  }

  describe(end: FlowEnd): Record<string, unknown> {
    const { vm, localAddress, localPort, remoteAddress, remotePort, cookie } = end;
    return {
      vm: vm.config.name,
      localAddress,
      localPort,
      remoteAddress,
      remotePort,
      cookie: cookie.toString(),
    };
  }
}

function socketKey(vm: string, cookie: bigint): string {
  return `${vm} ${cookie}`;
}
