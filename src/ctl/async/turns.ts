/**
 * So many may be at something at once; the others wait for their turn, first come, first served. Turns begin one after
 * the other: those that begin at the same moment hold each other up at every step, and are all over when the last is.
 */
export class Turns {
  #free: number;
  /** When the last turn began. */
  #beganAt = -Infinity;
  #timer: NodeJS.Timeout | null = null;
  readonly #waiting: (() => void)[] = [];

  /** @param paceMilliseconds between the beginnings of two turns */
  constructor(
    atOnce: number,
    private readonly paceMilliseconds: number,
  ) {
    this.#free = atOnce;
  }

  /** Waits for a turn. @returns ends it */
  async take(): Promise<() => void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      this.#next();
    });
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#free += 1;
      this.#next();
    };
  }

  #next(): void {
    if (this.#timer !== null || this.#free === 0 || this.#waiting.length === 0) return;
    const now = performance.now();
    const pause = this.#beganAt + this.paceMilliseconds - now;
    if (pause > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#next();
      }, pause);
      return;
    }
    this.#free -= 1;
    this.#beganAt = now;
    this.#waiting.shift()!();
    this.#next();
  }
}
