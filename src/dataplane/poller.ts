import { schedulerYield } from '../native/scheduler.js';
import type { QueuePairSource } from '../link/rdma/queue-pairs.js';
import type { Bells } from '../native/bells.js';
import type { Busy } from './busy.js';
import type { GuestVm } from './guest-vm.js';
import { lostMilliseconds, type Scarcity } from './scarcity.js';

/** Passes over the doorbells between two looks at Node’s own events, and how long they may take. */
const passesPerTurn = 256;
const turnMilliseconds = 2;
/** The clock is not looked at with every pass. */
const passesPerClock = 8;
/**
 * So much of a pass is one VM’s: as many looks at slots, or as much work of other kinds (`Switchboard.service`). The rest
 * comes in the next pass, when all others have had their turn.
 */
const turnOfVm = 64;
/** How long a sleep may keep Node’s timers waiting. */
const drowseMilliseconds = 5;

const clock = (): number => performance.now();

export interface PollerNeeds {
  queuePairs: QueuePairSource;
  spinMilliseconds: number;
  scarcity: Scarcity;
  busy: Busy;
  bells: Bells;
  /** In milliseconds; a test has its own. */
  now?: () => number;
}

/**
 * Looks at the VMs’ doorbells and at what the NICs have done: in a spin that yields the processor while there is work,
 * asleep when there was none for a while, or at once where processor time is scarce. A guest that rings a sleeping host
 * sends a byte on its channel. It sleeps lightly first (`Bells`), since work comes soon after work, then in Node’s event loop.
 */
export class Poller {
  private running = false;
  /** Since when there has been nothing to do, over all turns; null: there was in the last pass. */
  private quietSince: number | null = null;
  /** When the last turn of the spin ended. */
  private lookedAt = 0;
  private restTimer: NodeJS.Timeout | null = null;
  /** To flows, since the last sleep. */
  private visits = 0;

  constructor(
    private readonly vms: GuestVm[],
    private readonly service: (vm: GuestVm, slot: number) => number,
    private readonly needs: PollerNeeds,
  ) {}

  private readonly now = (): number => (this.needs.now ?? clock)();

  /** Begins a spin, unless one is under way. */
  readonly wake = (): void => {
    if (this.running) return;
    this.running = true;
    this.quietSince = null;
    this.setSleeping(false);
    this.turn();
  };

  private readonly turn = (): void => {
    const began = this.now();
    for (let pass = 1; pass <= passesPerTurn; pass++) {
      if (this.pass()) {
        this.quietSince = null;
        if (pass % passesPerClock === 0 && this.now() - began > turnMilliseconds) break;
        continue;
      }
      if (this.quietSince === null) this.quietSince = this.lookedAt = this.now();
      if (!this.needs.scarcity.isOn(this.lookedAt) && !this.yieldsInVain(this.quietSince)) continue;
      if (this.sleep()) return;
      this.quietSince = null;
      if (this.now() - began > turnMilliseconds) break;
    }
    setImmediate(this.turn);
  };

  /** Gives the processor to others for once. @returns whether that was one turn too many */
  private yieldsInVain(quietSince: number): boolean {
    schedulerYield();
    const now = this.now();
    const turn = now - this.lookedAt;
    this.lookedAt = now;
    this.needs.scarcity.spun(turn);
    if (turn > lostMilliseconds) this.needs.scarcity.lose(now, turn);
    return now - quietSince > this.needs.spinMilliseconds || this.needs.scarcity.isOn(now);
  }

  private pass(): boolean {
    let visits = 0;
    this.holdWakes();
    for (let v = 0; v < this.vms.length; v++) {
      const vm = this.vms[v] as GuestVm;
      if (vm.budgets.rest === 0) visits += vm.doorbells.take(this.service, turnOfVm);
    }
    const transferred = this.needs.queuePairs.poll();
    const someWait = this.releaseWakes();
    this.visits += visits;
    return visits > 0 || transferred || someWait;
  }

  private holdWakes(): void {
    for (let v = 0; v < this.vms.length; v++) (this.vms[v] as GuestVm).waiters.hold();
  }

  /** @returns whether some wait for the next pass */
  private releaseWakes(): boolean {
    let someWait = false;
    for (let v = 0; v < this.vms.length; v++) {
      const { budgets, waiters } = this.vms[v] as GuestVm;
      if (budgets.rest > 0 && waiters.keep()) continue;
      const woken = waiters.release();
      if (woken === 0) continue;
      budgets.lookedInVain(woken);
      someWait = true;
    }
    return someWait;
  }

  /** Announces the sleep, then looks once more: a bell rung in between would wake nobody. */
  private sleep(): boolean {
    this.wakeAfterRests();
    this.needs.busy.sleeps(this.lookedAt, this.visits);
    this.visits = 0;
    this.setSleeping(true);
    const isAsleep =
      !this.vms.some((vm) => vm.budgets.rest === 0 && vm.doorbells.isRung) &&
      this.sleepOnQueuePairs() &&
      !this.needs.bells.wait(drowseMilliseconds);
    if (isAsleep) this.running = false;
    else this.setSleeping(false);
    return isAsleep;
  }

  /** A VM that used up a budget has rung, maybe, and is not looked at yet. */
  private wakeAfterRests(): void {
    if (this.restTimer !== null) return;
    const rests = this.vms.map((vm) => vm.budgets.rest).filter((rest) => rest > 0);
    if (rests.length === 0) return;
    this.restTimer = setTimeout(
      () => {
        this.restTimer = null;
        this.wake();
      },
      Math.min(...rests),
    );
  }

  /** The last look at the NICs takes what it finds. */
  private sleepOnQueuePairs(): boolean {
    this.holdWakes();
    const isAsleep = this.needs.queuePairs.sleep(this.wake);
    return !this.releaseWakes() && isAsleep;
  }

  private setSleeping(sleeping: boolean): void {
    for (const vm of this.vms) vm.setHostSleeping(sleeping);
  }
}
