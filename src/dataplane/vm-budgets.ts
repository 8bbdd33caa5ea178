import type { VmLimits } from '../config/host-config.js';
import { Budget } from './budget.js';

/** What a look that was for nothing costs, with all that a guest can put into it; one at an idle slot costs 1. */
export const lookCost = { idle: 1, fault: 20, question: 50 } as const;

/** At once a VM may use what it may use in this time: programs come, connect and go many at a time. */
const atOnceSeconds = 4;

/** What one VM makes vsockd do, and what it may. Who uses up a budget waits; the others do not. */
export class VmBudgets {
  readonly rates;
  /** Until then its slots are not looked at. */
  private restsUntil = 0;

  constructor(
    limits: VmLimits,
    private readonly now = (): number => performance.now(),
  ) {
    const budget = (perSecond: number): Budget => new Budget(perSecond, perSecond * atOnceSeconds, now);
    this.rates = {
      /** Looks at its slots that found nothing to do, by what they cost. */
      looks: budget(limits.looksPerSecond),
      /** Claims that were refused. */
      claims: budget(limits.claimsPerSecond),
      /** New connections on its channel. */
      connects: budget(limits.connectsPerSecond),
      /** Bytes by which it rings. */
      bells: budget(limits.bellsPerSecond),
      logLines: budget(limits.logLinesPerSecond),
    };
  }

  /** A look that was for nothing: when they are used up, the VM’s slots wait. */
  lookedInVain(cost: number): void {
    const rest = this.rates.looks.use(cost);
    if (rest > 0) this.restsUntil = Math.max(this.restsUntil, this.now() + rest);
  }

  /** For how many milliseconds its slots are not looked at; 0: they are. */
  get rest(): number {
    if (this.restsUntil === 0) return 0;
    const left = this.restsUntil - this.now();
    if (left > 0) return left;
    return (this.restsUntil = 0);
  }
}
