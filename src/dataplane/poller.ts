import { schedulerYield } from '../native/scheduler.js';
import type { QueuePairSource } from '../link/rdma/queue-pairs.js';
import type { GuestVm } from './guest-vm.js';

/** Passes over the doorbells between two looks at Node’s own events, and how long they may take. */
const passesPerTurn = 256;
const turnMilliseconds = 2;
/** The clock is not looked at with every pass. */
const passesPerClock = 8;

/**
 * Looks at the VMs’ doorbells and at what the NICs have done: in a spin that yields the processor while there is work, asleep in Node’s event
 * loop when there was none for a while. A guest that rings a sleeping host sends a byte on its channel.
 */
export class Poller {
  private running = false;
  /** Since when there has been nothing to do, over all turns; null: there was in the last pass. */
  private quietSince: number | null = null;

  constructor(
    private readonly vms: GuestVm[],
    private readonly service: (vm: GuestVm, slot: number) => void,
    private readonly queuePairs: QueuePairSource,
    private readonly spinMilliseconds: number,
    private readonly now = (): number => performance.now(),
  ) {}

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
      schedulerYield();
      const now = this.now();
      this.quietSince ??= now;
      if (now - this.quietSince <= this.spinMilliseconds) continue;
      if (this.sleep()) return;
      this.quietSince = null;
    }
    setImmediate(this.turn);
  };

  private pass(): boolean {
    let any = false;
    this.holdWakes();
    for (let v = 0; v < this.vms.length; v++)
      if ((this.vms[v] as GuestVm).takeDoorbells(this.service)) any = true;
    if (this.queuePairs.poll()) any = true;
    this.releaseWakes();
    return any;
  }

  private holdWakes(): void {
    for (let v = 0; v < this.vms.length; v++) (this.vms[v] as GuestVm).waiters.hold();
  }

  private releaseWakes(): void {
    for (let v = 0; v < this.vms.length; v++) (this.vms[v] as GuestVm).waiters.release();
  }

  /** Announces the sleep, then looks once more: a bell rung in between would wake nobody. */
  private sleep(): boolean {
    this.setSleeping(true);
    const isAsleep = !this.vms.some((vm) => vm.hasDoorbells()) && this.sleepOnQueuePairs();
    if (isAsleep) this.running = false;
    else this.setSleeping(false);
    return isAsleep;
  }

  /** The last look at the NICs takes what it finds. */
  private sleepOnQueuePairs(): boolean {
    this.holdWakes();
    const isAsleep = this.queuePairs.sleep(this.wake);
    this.releaseWakes();
    return isAsleep;
  }

  private setSleeping(sleeping: boolean): void {
    for (const vm of this.vms) vm.setHostSleeping(sleeping);
  }
}
