import { setImmediate as yieldToOthers } from 'node:timers/promises';

/** How long one slice of a long work may hold the event loop. */
const sliceMilliseconds = 4;

/** Cuts a long work into slices, between which others get their turn: `if (pace.isDue) await pace.rest()`. */
export class Pace {
  #sliceEnd = performance.now() + sliceMilliseconds;

  get isDue(): boolean {
    return performance.now() > this.#sliceEnd;
  }

  async rest(): Promise<void> {
    await yieldToOthers();
    this.#sliceEnd = performance.now() + sliceMilliseconds;
  }
}
