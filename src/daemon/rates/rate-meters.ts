import { RateMeter } from './rate-meter.js';

/** The rate meters of a whole table, by name. */
export class RateMeters {
  #meters = new Map<string, RateMeter>();
  #used = new Map<string, RateMeter>();

  /** Begins a round; a meter that no round uses is dropped. */
  begin(): void {
    this.#meters = this.#used;
    this.#used = new Map();
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
