import { setImmediate as othersTurn } from 'node:timers/promises';

/** Does work that yields after each of its parts, so many parts at a time: whatever else waits has its turn in between. */
export async function inPieces(work: Iterator<void>, most: number): Promise<void> {
  for (let done = 1; work.next().done !== true; done++) if (done % most === 0) await othersTurn();
}
