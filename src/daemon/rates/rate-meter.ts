/** A rate spans at least so long, and at most twice that while sampled. */
const stretchMilliseconds = 800;
/** After such a pause old samples say nothing of the rate now. Looks at 100,000 connections are seconds apart. */
const staleMilliseconds = 15_000;

/** More digits only look exact. */
function toTenths(rate: number): number {
  return Math.round(rate * 10) / 10;
}

/** How fast counters that belong together grow, over the last second or so. A sample makes no new objects: they are many. */
export class RateMeter {
  #older: number[];
  #olderAt: number;
  #newer: number[];
  #newerAt: number;
  readonly #rates: number[];
  #isKnown = false;

  /** @param at a monotonic clock in milliseconds */
  constructor(at: number, values: readonly number[]) {
    this.#older = [...values];
    this.#newer = [...values];
    this.#rates = values.map(() => 0);
    this.#olderAt = this.#newerAt = at;
  }

  /** In the order of the counters; null until there are two samples. The next sample writes into it. */
  get perSecond(): readonly number[] | null {
    return this.#isKnown ? this.#rates : null;
  }

  sample(at: number, values: readonly number[]): void {
    if (at - this.#newerAt > staleMilliseconds) {
      copy(values, this.#older);
      copy(values, this.#newer);
      this.#olderAt = this.#newerAt = at;
      this.#isKnown = false;
      return;
    }
    if (at - this.#newerAt >= stretchMilliseconds) {
      [this.#older, this.#newer] = [this.#newer, this.#older];
      this.#olderAt = this.#newerAt;
      copy(values, this.#newer);
      this.#newerAt = at;
    }
    const seconds = (at - this.#olderAt) / 1000;
    if (seconds <= 0) return;
    for (let index = 0; index < values.length; index += 1)
      this.#rates[index] = Math.max(0, toTenths((values[index]! - this.#older[index]!) / seconds));
    this.#isKnown = true;
  }
}

function copy(from: readonly number[], into: number[]): void {
  for (let index = 0; index < from.length; index += 1) into[index] = from[index]!;
}
