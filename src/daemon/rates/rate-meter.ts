/** A rate spans at least so long, and at most twice that while sampled. */
const stretchMilliseconds = 800;
/** After such a pause old samples say nothing of the rate now. Looks at 100,000 connections are seconds apart. */
const staleMilliseconds = 15_000;

interface Sample {
  at: number;
  values: readonly number[];
}

/** More digits only look exact. */
function toTenths(rate: number): number {
  return Math.round(rate * 10) / 10;
}

/** How fast counters that belong together grow, over the last second or so. */
export class RateMeter {
  #older: Sample;
  #newer: Sample;
  /** In the order of the counters; null until there are two samples. */
  perSecond: readonly number[] | null = null;

  /** @param at a monotonic clock in milliseconds */
  constructor(at: number, values: readonly number[]) {
    this.#older = this.#newer = { at, values };
  }

  sample(at: number, values: readonly number[]): void {
    const now = { at, values };
    if (at - this.#newer.at > staleMilliseconds) {
      this.#older = this.#newer = now;
      this.perSecond = null;
      return;
    }
    if (at - this.#newer.at >= stretchMilliseconds) this.#older = this.#newer;
    const seconds = (at - this.#older.at) / 1000;
    if (seconds <= 0) return;
    const before = this.#older.values;
    this.perSecond = values.map((value, index) =>
      Math.max(0, toTenths((value - (before[index] ?? 0)) / seconds)),
    );
    if (at - this.#newer.at >= stretchMilliseconds) this.#newer = now;
  }
}
