const clock = (): number => performance.now();

/**
 * How much of something one VM may use: so much a second, and so much at once. What is used beyond that is owed: the VM
 * has to wait until it is paid off. The clock is only looked at when all is used.
 */
export class Budget {
  /** All that was used, and how often there was nothing left. */
  used = 0;
  exceeded = 0;
  private left: number;
  private filledAt: number;

  constructor(
    readonly perSecond: number,
    private readonly atOnce: number,
    private readonly now: () => number = clock,
  ) {
    this.left = atOnce;
    this.filledAt = now();
  }

  /** @returns for how many milliseconds no more may be used; 0: there is something left */
  use(amount: number): number {
    if (this.left <= amount) this.fill();
    this.used += amount;
    this.left -= amount;
    if (this.left > 0) return 0;
    this.exceeded++;
    return Math.max(1, (-this.left / this.perSecond) * 1000);
  }

  /** Whether so much is left; if so, it is used. */
  allows(amount: number): boolean {
    if (this.left < amount) this.fill();
    if (this.left < amount) {
      this.exceeded++;
      return false;
    }
    this.used += amount;
    this.left -= amount;
    return true;
  }

  private fill(): void {
    const now = this.now();
    this.left = Math.min(this.atOnce, this.left + ((now - this.filledAt) * this.perSecond) / 1000);
    this.filledAt = now;
  }
}
