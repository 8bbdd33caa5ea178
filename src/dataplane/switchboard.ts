import { guestState, hostState, slot, slotCount, slotOffset } from '../channel/region-layout.js';
import type { LedgerFile } from '../ledger/ledger-file.js';
import {
  ledgerReasons,
  recordBytes,
  recordField,
  recordsOffset,
  recordState,
  type LedgerReason,
} from '../ledger/ledger-layout.js';
import type { TcpConnection } from '../native/tcp-lookup.js';
import { flowKey, readClaim, type Claim } from './claim.js';
import { FlowEnd } from './flow-end.js';
import type { GuestVm } from './guest-vm.js';
import { GuestFault, hasUnread, isDrained, pump } from './pump.js';

export interface SwitchboardNeeds {
  /** The host’s own look at a VM’s sockets: no claim and no close rests on a guest’s word. */
  isHeld(vm: GuestVm, connection: TcpConnection): boolean;
  log(level: 'info' | 'warn', message: string, fields: Record<string, unknown>): void;
}

/** Brings the two ends of each connection together, moves their bytes, and ends them as TCP would. */
export class Switchboard {
  private readonly byKey = new Map<string, FlowEnd>();
  private readonly byCookie = new Map<bigint, FlowEnd>();
  /** Host addresses of VMs by `VNI address`: where the other end of a claim may be. */
  private readonly vmsByAddress = new Map<string, GuestVm>();

  constructor(
    private readonly ledger: LedgerFile,
    private readonly needs: SwitchboardNeeds,
  ) {}

  addVm(vm: GuestVm): void {
    for (const address of vm.config.addresses) this.vmsByAddress.set(`${vm.config.vni} ${address}`, vm);
  }

  /** A slot rang: a claim, bytes, room, an end. Bound to the work that one slot can make. */
  readonly service = (vm: GuestVm, index: number): void => {
    const end = vm.flows[index] ?? null;
    try {
      if (end === null) this.claim(vm, index);
      const placed = vm.flows[index] ?? null;
      if (placed !== null) this.move(placed);
    } catch (error) {
      if (!(error instanceof GuestFault)) throw error;
      this.reset(error.end, error.message);
    }
  };

  private move(end: FlowEnd): void {
    const { words } = end;
    const generation = (words[end.at(slot.generation)] ?? 0) >>> 0;
    if (generation !== end.generation || Atomics.load(words, end.at(slot.guestState)) !== guestState.claimed)
      throw new GuestFault(end, 'the guest changed a slot that is in use');
    const peer = end.peer;
    if (peer !== null && end.state === 'open') {
      this.deliver(end, peer);
      if (end.peer !== null) this.deliver(peer, end);
    } else if (end.state === 'open' && !end.closed && !isDrained(end)) {
      this.reset(end, 'bytes for a closed socket');
    }
    if (end.vm.flows[end.slot] !== end) return;
    if (end.state === 'open') this.tellEnd(end);
    const closes = Atomics.load(words, end.at(slot.closeHints));
    if (closes === end.closesSeen) return;
    end.closesSeen = closes;
    this.checkClosed(end);
  }

  private deliver(from: FlowEnd, to: FlowEnd): void {
    if (from.state !== 'open') return;
    if (!to.closed) {
      pump(from, to, this.ledger);
      if (from.closed && isDrained(from)) {
        this.tellEnd(to);
        this.release(from);
      }
    } else if (!isDrained(from)) {
      this.reset(from, 'bytes for a closed socket');
    }
  }

  /** The receiver saw the end of the TCP stream: when all of the ring is delivered, this is where it ends. */
  private tellEnd(to: FlowEnd): void {
    if (to.final || Atomics.load(to.words, to.at(slot.rxEndOfStream)) === 0) return;
    const from = to.peer;
    if (from !== null && (!isDrained(from) || from.state !== 'open')) return;
    to.words[to.at(slot.rxFinalPosition)] = to.received | 0;
    Atomics.store(to.words, to.at(slot.rxFinal), 1);
    to.final = true;
    this.ledger.words[this.ledger.record(to.record, recordField.final)] = 1;
    to.vm.notify(to);
  }

  private claim(vm: GuestVm, index: number): void {
    const claim = readClaim(vm, index);
    if (claim === null) return;
    const record = this.ledger.takeRecord();
    if (record < 0) return;
    const end = this.newEnd(vm, index, record, claim);
    this.writeRecord(end, claim);
    this.place(end);
    const reason = this.refusal(end);
    this.zeroHostWords(end);
    if (reason !== null) {
      if (reason === 'refused') this.logRefusal(end);
      this.setState(end, 'waiting', reason);
      return;
    }
    const key = end.key;
    const before = this.byKey.get(key);
    if (before) this.close(before);
    this.byKey.set(key, end);
    const peer = this.byKey.get(end.reverseKey);
    if (peer && peer.state === 'waiting' && this.needs.isHeld(peer.vm, { ...peer })) this.join(end, peer);
    else this.setState(end, 'waiting', 'peer-without-vsocket');
  }

  /** A lie is worth a warning; a connection that ended while it was claimed looks alike but for the address. */
  private logRefusal(end: FlowEnd): void {
    const own = end.vm.config.addresses.includes(end.localAddress);
    const why = own ? 'the VM has no such open connection' : 'the address is not the VM’s';
    this.needs.log(own ? 'info' : 'warn', `claim refused: ${why}`, this.describe(end));
  }

  private refusal(end: FlowEnd): LedgerReason {
    const { config } = end.vm;
    if (!config.addresses.includes(end.localAddress)) return 'refused';
    if (!this.needs.isHeld(end.vm, end)) return 'refused';
    const other = this.vmsByAddress.get(`${config.vni} ${end.remoteAddress}`);
    if (other === end.vm) return 'same-vm';
    return other === undefined ? 'remote-host' : null;
  }

  /** Also after a restart, for a pair that a kill left half open. */
  join(end: FlowEnd, peer: FlowEnd): void {
    this.link(end, peer);
    this.ledger.words[this.ledger.record(end.record, recordField.peer)] = peer.record + 1;
    this.ledger.words[this.ledger.record(peer.record, recordField.peer)] = end.record + 1;
    for (const one of [end, peer]) this.setState(one, 'open', null);
    for (const one of [end, peer]) this.allowSending(one);
  }

  link(end: FlowEnd, peer: FlowEnd): void {
    end.peer = peer;
    peer.peer = end;
  }

  private setState(end: FlowEnd, state: FlowEnd['state'], reason: LedgerReason): void {
    const { ledger } = this;
    end.state = state;
    ledger.words[ledger.record(end.record, recordField.reason)] = ledgerReasons.indexOf(reason);
    ledger.words[ledger.record(end.record, recordField.state)] = recordState[state];
    this.showState(end);
  }

  showState(end: FlowEnd): void {
    Atomics.store(end.words, end.at(slot.hostState), hostState[end.state]);
    Atomics.store(end.words, end.at(slot.hostGeneration), end.generation | 0);
    end.vm.notify(end);
  }

  allowSending(end: FlowEnd): void {
    Atomics.store(end.words, end.at(slot.txAllowed), 1);
  }

  private zeroHostWords(end: FlowEnd): void {
    for (const field of [
      slot.rxStarted,
      slot.rxFinal,
      slot.rxFinalPosition,
      slot.txTail,
      slot.rxHead,
      slot.rxBlocked,
      slot.txAllowed,
    ])
      Atomics.store(end.words, end.at(field), 0);
  }

  /** Both ends see a reset; what was on the way is lost, as with TCP. */
  reset(end: FlowEnd, why: string): void {
    this.needs.log('info', `flow reset: ${why}`, this.describe(end));
    const peer = end.peer;
    for (const one of [end, peer]) if (one && one.state !== 'reset') this.setState(one, 'reset', null);
  }

  /** @returns whether a flow has this cookie */
  resetCookie(cookie: bigint): boolean {
    const end = this.byCookie.get(cookie);
    if (end) this.reset(end, 'asked by an operator');
    return end !== undefined;
  }

  /** Looks whether the guest’s socket still exists. Also for all flows of a process that is gone. */
  checkClosed(end: FlowEnd): void {
    if (!end.closed && !this.needs.isHeld(end.vm, end)) this.close(end);
  }

  /**
   * Looks at the flows of a process that ended, or (null) of all that are not connected. A connected process says
   * itself what it closes, and must: after both FINs the kernel shows no socket though the program still reads.
   */
  sweep(vm: GuestVm, ended: number | null): void {
    for (const end of vm.flows) {
      if (end === null) continue;
      const process = end.words[end.at(slot.process)] ?? 0;
      if (ended === null ? !vm.processes[process] && !this.isRunning(end) : process === ended)
        this.checkClosed(end);
    }
  }

  private close(end: FlowEnd): void {
    end.closed = true;
    this.ledger.words[this.ledger.record(end.record, recordField.closed)] = 1;
    const peer = end.peer;
    if (end.state !== 'open' || peer === null || peer.closed || hasUnread(end)) {
      if (peer && !peer.closed && end.state === 'open' && hasUnread(end))
        this.reset(peer, 'closed with bytes unread');
      this.release(end);
      if (peer?.closed) this.release(peer);
      return;
    }
    this.deliver(end, peer);
    if (end.peer !== null && !isDrained(peer)) this.reset(peer, 'bytes for a closed socket');
  }

  /** Forgets an end: its slot is free, its bytes are in its VM’s totals. */
  private release(end: FlowEnd): void {
    const { peer } = end;
    if (peer) {
      peer.peer = null;
      end.peer = null;
      this.ledger.words[this.ledger.record(peer.record, recordField.peer)] = 0;
      if (peer.state === 'open' && !peer.closed) this.afterPeer(peer);
    }
    if (this.byKey.get(end.key) === end) this.byKey.delete(end.key);
    if (this.byCookie.get(end.cookie) === end) this.byCookie.delete(end.cookie);
    end.vm.flows[end.slot] = null;
    this.ledger.foldRecord(end.record);
    end.vm.freeSlot(end.slot);
  }

  /** The other end is gone and all it wrote is here: what this one writes now is answered by a reset. */
  private afterPeer(end: FlowEnd): void {
    if (!isDrained(end)) this.reset(end, 'bytes for a closed socket');
    else this.tellEnd(end);
  }

  private newEnd(vm: GuestVm, index: number, record: number, claim: Claim): FlowEnd {
    const { localAddress, localPort, remoteAddress, remotePort } = claim;
    const { vni } = vm.config;
    const key = flowKey(vni, localAddress, localPort, remoteAddress, remotePort);
    const reverse = flowKey(vni, remoteAddress, remotePort, localAddress, localPort);
    const { generation, cookie } = claim;
    return new FlowEnd(
      vm,
      index,
      record,
      generation,
      cookie,
      key,
      reverse,
      localPort,
      remotePort,
      localAddress,
      remoteAddress,
    );
  }

  private place(end: FlowEnd): void {
    end.vm.flows[end.slot] = end;
    this.byCookie.set(end.cookie, end);
  }

  private writeRecord(end: FlowEnd, claim: Claim): void {
    const { ledger } = this;
    const start = recordsOffset + end.record * recordBytes;
    ledger.bytes.fill(0, start + 4, start + recordBytes);
    const word = (field: number, value: number): void => {
      ledger.words[ledger.record(end.record, field)] = value;
    };
    word(recordField.vm, end.vm.ledgerIndex);
    word(recordField.slot, end.slot);
    word(recordField.generation, end.generation | 0);
    word(recordField.direction, claim.direction === 'in' ? 1 : 2);
    word(recordField.localPort, claim.localPort);
    word(recordField.remotePort, claim.remotePort);
    ledger.cookies[ledger.record(end.record, recordField.cookie) >> 1] = end.cookie;
    ledger.numbers[ledger.record(end.record, recordField.claimedAt) >> 1] = Date.now();
    ledger.numbers[ledger.record(end.record, recordField.start) >> 1] = -1;
    ledger.bytes.set(claim.localBytes, start + recordField.localAddress);
    ledger.bytes.set(claim.remoteBytes, start + recordField.remoteAddress);
    this.writeProcess(end, claim.process);
  }

  private writeProcess(end: FlowEnd, index: number): void {
    const process = end.vm.processes[index];
    if (!process) return; // its hello is on the way
    const { ledger } = this;
    const start = recordsOffset + end.record * recordBytes;
    ledger.words[ledger.record(end.record, recordField.pid)] = process.pid;
    ledger.bytes.write(
      process.program.slice(0, recordField.programBytes - 1),
      start + recordField.program,
      'latin1',
    );
  }

  /** A process said hello: flows that it claimed before get its name. */
  nameProcess(vm: GuestVm, index: number): void {
    for (const end of vm.flows)
      if (end && end.words[end.at(slot.process)] === index) this.writeProcess(end, index);
  }

  private isRunning(end: FlowEnd): boolean {
    const pid = this.ledger.words[this.ledger.record(end.record, recordField.pid)] ?? 0;
    try {
      return pid > 0 && process.kill(pid, 0);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'ESRCH';
    }
  }

  /** Takes up an end that the ledger knows from before a restart; `link` follows when both are there. */
  adopt(end: FlowEnd): void {
    this.place(end);
    this.byKey.set(end.key, end);
  }

  /** Slots that a guest claimed while nobody listened. */
  scan(vm: GuestVm): void {
    for (let index = 0; index < slotCount; index++)
      if (
        vm.flows[index] !== null ||
        vm.words[(slotOffset(index) + slot.guestState) >> 2] === guestState.claimed
      )
        this.service(vm, index);
  }

  private describe(end: FlowEnd): Record<string, unknown> {
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
