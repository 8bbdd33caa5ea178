/** Several clients at once cost one look. */
const freshMilliseconds = 200;

/** The latest reading of something, at most 200 ms old, and only one under way. */
export class SharedReading<Reading> {
  #latest: Promise<Reading> | null = null;
  #latestAt = -Infinity;
  #reading = false;

  constructor(private readonly read: () => Promise<Reading>) {}

  /** A reading is under way. */
  get isReading(): boolean {
    return this.#reading;
  }

  get isFresh(): boolean {
    return this.#reading || performance.now() - this.#latestAt < freshMilliseconds;
  }

  latest(): Promise<Reading> {
    return this.isFresh ? this.#latest! : this.#begin();
  }

  /** The latest one, whatever its age; null where there is none. */
  async last(): Promise<Reading | null> {
    return (await this.#latest?.catch(() => null)) ?? null;
  }

  /** What is there after this call. */
  async renewed(): Promise<Reading> {
    // One loop, not settled(): of two that wait, the second must see that the first has begun.
    while (this.#reading) await this.#latest?.catch(() => undefined);
    return this.#begin();
  }

  /** Waits for the reading that is under way, if one is. */
  async settled(): Promise<void> {
    await this.#latest?.catch(() => undefined);
  }

  #begin(): Promise<Reading> {
    this.#reading = true;
    this.#latest = this.read().finally(() => {
      this.#reading = false;
      this.#latestAt = performance.now();
    });
    this.#latest.catch(() => {
      this.#latestAt = -Infinity;
    });
    return this.#latest;
  }
}
