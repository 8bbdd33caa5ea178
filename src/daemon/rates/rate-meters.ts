import { RateMeter } from './rate-meter.js';

/** After such a pause old samples say nothing of the rate now. */
const staleMilliseconds = 5000;

/** The rate meters of a whole table, by name. */
export class RateMeters {
  #meters = new Map<string, RateMeter>();
  #used = new Map<string, RateMeter>();
  #lastRoundAt = 0;

  /** Begins a round; a meter that no round uses is dropped. */
  begin(at: number): void {
    this.#meters = at - this.#lastRoundAt > staleMilliseconds ? new Map<string, RateMeter>() : this.#used;
    this.#used = new Map();
    this.#lastRoundAt = at;
  }

  /** @returns the rates of the values, in their order; null until they are known */
  measure(name: string, at: number, values: readonly number[]): readonly number[] | null {
    let meter = this.#meters.get(name);
    if (meter === undefined) meter = new RateMeter(at, values);
    else meter.sample(at, values);
    this.#used.set(name, meter);
    return meter.perSecond;
  }
}
