import { guestState, hostState, slot, slotCount, slotOffset } from '../channel/region-layout.js';
import type { VmConfig } from '../config/host-config.js';
import type { LedgerReason } from '../ledger/ledger-layout.js';
import { readClaim } from './claim.js';
import type { EndBook } from './end-book.js';
import type { FlowEnd } from './flow-end.js';
import { endFaulty, stackOf } from './flow-fault.js';
import type { GuestVm } from './guest-vm.js';
import { asksToLeave, faultOf, showLeft } from './leaving.js';
import type { LocalPairs } from './local-pairs.js';
import type { SocketName } from './messages.js';
import type { Verdict } from '../rules/evaluate.js';
import { nameOfRule } from '../rules/host-rules.js';
import { Pace } from '../pace/pace.js';
import type { RemoteFlows } from './remote/remote-flows.js';
import type { SocketOwners } from './socket-owners.js';

export interface SwitchboardNeeds {
  owners: SocketOwners;
  /** The other host on which an address lives; null: it is not known. Absent: this host knows of no others. */
  hostOf?: (vni: number, address: string) => string | null;
  /** What the rules of its VM say of a connection. */
  verdict: (end: FlowEnd) => Verdict;
}

function processOf(end: FlowEnd): number {
  return end.words[end.at(slot.process)] ?? 0;
}

/** Checks what guests claim, brings the two ends of each connection together, and sees sockets close. */
export class Switchboard {
  /** VMs of this host by `VNI address`: where the other end of a claim may be. */
  private readonly vmsByAddress = new Map<string, VmConfig>();

  constructor(
    private readonly book: EndBook,
    private readonly pairs: LocalPairs,
    private readonly remote: RemoteFlows | null,
    private readonly needs: SwitchboardNeeds,
    /** Those that cannot be served now, too. */
    vms: readonly VmConfig[],
  ) {
    for (const vm of vms)
      for (const address of vm.addresses) this.vmsByAddress.set(`${vm.vni} ${address}`, vm);
  }

  /** A slot rang: a claim, bytes, room, an end. Bound to the work that one slot can make. */
  readonly service = (vm: GuestVm, index: number): void => {
    try {
      if ((vm.flows[index] ?? null) === null) this.claim(vm, index);
      const placed = vm.flows[index] ?? null;
      if (placed !== null) this.move(placed);
    } catch (error) {
      this.fail(vm, index, error);
    }
  };

  /** One flow shall not end the process that has all of them. */
  private fail(vm: GuestVm, index: number, error: unknown): void {
    const end = vm.flows[index] ?? null;
    if (end !== null) return endFaulty(this.book, end, error, this.reset);
    this.book.log('error', 'vsockd failed in a claim', { vm: vm.config.name, stack: stackOf(error) });
  }

  private contain(end: FlowEnd, act: () => void): void {
    try {
      act();
    } catch (error) {
      endFaulty(this.book, end, error, this.reset);
    }
  }

  private move(end: FlowEnd): void {
    this.book.checkClaim(end);
    const fault = faultOf(end);
    if (fault !== null && end.state !== 'reset') {
      for (const one of [end, end.peer]) if (one !== null) this.book.setReason(one, fault);
      this.reset(end, `the guest’s library says ${fault}`);
    }
    const reason = end.state === 'waiting' && end.left === null ? asksToLeave(end) : null;
    if (reason !== null) {
      showLeft(this.book, end, reason);
      if (end.peer !== null) this.book.setReason(end.peer, reason);
    }
    if (end.paused) return;
    if (end.farHost !== null) this.remote?.move(end);
    else this.pairs.move(end);
    if (end.vm.flows[end.slot] !== end) return;
    const closes = Atomics.load(end.words, end.at(slot.closeHints));
    if (closes === end.closesSeen) return;
    end.closesSeen = closes;
    this.checkClosed(end);
  }

  private claim(vm: GuestVm, index: number): void {
    const claim = readClaim(vm, index);
    const hadRings = vm.words[(slotOffset(index) + slot.hostState) >> 2] === hostState.open;
    const end = claim === null ? null : this.book.open(vm, index, claim);
    if (end === null) return;
    const refusal = this.refusal(end);
    this.book.setReason(end, refusal ?? 'peer-without-vsocket');
    this.book.setState(end, 'waiting');
    if (refusal === 'refused') this.logRefusal(end);
    // How far an earlier vsockd got with it nobody knows any more.
    if (hadRings) this.book.reset(end, 'the ledger does not know it');
    if (refusal !== null) return;
    const before = this.book.withKey(end.key);
    if (before) this.close(before);
    this.book.enter(end);
    if (!hadRings) this.meet(end);
  }

  /** After a restart: looks again for the other end of a claim. */
  meetAgain(end: FlowEnd): void {
    this.contain(end, () => this.meet(end));
  }

  /** Looks for the other end of a checked claim, here or on another host. */
  private meet(end: FlowEnd): void {
    const { vni } = end.vm.config;
    const host = this.vmsByAddress.has(`${vni} ${end.remoteAddress}`)
      ? null
      : (this.needs.hostOf?.(vni, end.remoteAddress) ?? null);
    if (host !== null) return this.remote?.take(end, host);
    const peer = this.book.withKey(end.reverseKey);
    if (
      peer?.state === 'waiting' &&
      peer.left === null &&
      end.left === null &&
      this.needs.owners.isHeld(peer)
    )
      this.pairs.join(end, peer);
  }

  /** A lie is worth a warning; a connection that ended while it was claimed looks alike but for the address. */
  private logRefusal(end: FlowEnd): void {
    const own = end.vm.config.addresses.includes(end.localAddress);
    const why = own ? 'the VM has no such open connection' : 'the address is not the VM’s';
    this.book.log(own ? 'info' : 'warn', `claim refused: ${why}`, this.book.describe(end));
  }

  private refusal(end: FlowEnd): LedgerReason {
    const { config } = end.vm;
    if (!config.addresses.includes(end.localAddress)) return 'refused';
    if (!this.needs.owners.isHeld(end)) return 'refused';
    if (this.needs.verdict(end).action === 'deny') return 'denied';
    const other = this.vmsByAddress.get(`${config.vni} ${end.remoteAddress}`);
    if (other !== undefined) return other === config ? 'same-vm' : null;
    if (this.needs.hostOf === undefined) return 'remote-host';
    return this.needs.hostOf(config.vni, end.remoteAddress) === null ? 'not-a-vm' : null;
  }

  private readonly reset = (end: FlowEnd, why: string): void => {
    if (end.farHost !== null) this.remote?.reset(end, why);
    else this.book.reset(end, why);
  };

  /**
   * The rules are other ones: what they do not allow stops, and what they allow again goes on. Between hosts nothing
   * stops: the far end would go on sending.
   */
  pauseDenied(): void {
    const ends = [...this.book.all()];
    const paused = ends.filter((end) => end.paused);
    for (const end of ends) end.paused = false;
    for (const end of ends)
      if (end.state === 'open' && end.peer !== null && this.needs.verdict(end).action === 'deny')
        end.paused = end.peer.paused = true;
    for (const end of paused) if (!end.paused) this.service(end.vm, end.slot);
  }

  /** Ends what the rules do not allow; the other flows go on meanwhile. */
  async endDenied(): Promise<void> {
    const pace = new Pace();
    for (const end of [...this.book.all()]) {
      if (pace.isDue) await pace.rest();
      if (end.vm.flows[end.slot] !== end) continue;
      this.contain(end, () => this.endIfDenied(end));
    }
  }

  private endIfDenied(end: FlowEnd): void {
    if (end.state === 'reset') return;
    const { action, rule } = this.needs.verdict(end);
    if (action !== 'deny') return;
    const { peer } = end;
    this.reset(end, `rule ${nameOfRule(rule)} does not allow it any more`);
    // What their guests did meanwhile.
    for (const one of [end, peer])
      if (one?.paused === true) {
        one.paused = false;
        this.service(one.vm, one.slot);
      }
  }

  /** Ends the flow of a socket, if it is one that was claimed. */
  resetFlow({ vm, cookie }: SocketName): void {
    const end = this.book.withSocket(vm, cookie);
    if (end) this.contain(end, () => this.reset(end, 'asked by an operator'));
  }

  /** Looks whether the guest’s socket still exists. */
  private checkClosed(end: FlowEnd): void {
    if (!end.paused && !end.closed && !this.needs.owners.isHeld(end)) this.close(end);
  }

  private close(end: FlowEnd): void {
    if (end.farHost !== null) this.remote?.close(end);
    else this.pairs.close(end);
  }

  /** The ends that a process has, as far as the guest says. */
  flowsOf(vm: GuestVm, process: number): FlowEnd[] {
    return vm.flows.filter((end): end is FlowEnd => end !== null && processOf(end) === process);
  }

  /** Ends the flows of a process that ended whose sockets are gone. @returns those that are not, and are still its own */
  closeEnded(ends: FlowEnd[]): FlowEnd[] {
    const isOpen = (end: FlowEnd): boolean => !end.closed && end.vm.flows[end.slot] === end;
    return ends.filter((end) => {
      const process = processOf(end);
      // Somebody else took it over, and will say so when it closes.
      if (!isOpen(end) || end.vm.processes[process]) return false;
      this.contain(end, () => this.checkClosed(end));
      return isOpen(end);
    });
  }

  /**
   * Looks at all flows of processes that are not connected. A connected one says itself what it closes, and must: after
   * both FINs the kernel shows no socket though the program still reads.
   */
  sweep(vm: GuestVm): void {
    for (const end of vm.flows)
      if (end !== null)
        this.contain(end, () => {
          if (!vm.processes[processOf(end)] && !this.needs.owners.isRunning(end)) this.checkClosed(end);
        });
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
}
