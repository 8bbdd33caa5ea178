/** A rate spans at least so long, and at most twice that while sampled. */
const stretchMilliseconds = 800;

interface Sample {
  at: number;
  txBytes: number;
  rxBytes: number;
}

/** Bytes per second of one pair of counters, over the last second or so. */
export class RateMeter {
  #older: Sample;
  #newer: Sample;
  txBytesPerSecond = 0;
  rxBytesPerSecond = 0;

  /** @param at a monotonic clock in milliseconds */
  constructor(at: number, txBytes: number, rxBytes: number) {
    this.#older = this.#newer = { at, txBytes, rxBytes };
  }

  sample(at: number, txBytes: number, rxBytes: number): void {
    const now = { at, txBytes, rxBytes };
    if (at - this.#newer.at >= stretchMilliseconds) this.#older = this.#newer;
    const seconds = (at - this.#older.at) / 1000;
    if (seconds <= 0) return;
    this.txBytesPerSecond = Math.max(0, (txBytes - this.#older.txBytes) / seconds);
    this.rxBytesPerSecond = Math.max(0, (rxBytes - this.#older.rxBytes) / seconds);
    if (at - this.#newer.at >= stretchMilliseconds) this.#newer = now;
  }
}
