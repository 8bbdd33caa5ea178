import { RateMeter } from './rate-meter.js';

/** After such a pause old samples say nothing of the rate now. */
const staleMilliseconds = 5000;

/** The rate meters of all flows and VMs, by name. */
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

  measure(name: string, at: number, txBytes: number, rxBytes: number): RateMeter {
    let meter = this.#meters.get(name);
    if (meter === undefined) meter = new RateMeter(at, txBytes, rxBytes);
    else meter.sample(at, txBytes, rxBytes);
    this.#used.set(name, meter);
    return meter;
  }
}
