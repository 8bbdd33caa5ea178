import type { HostObserver } from '../observer/host-observer.js';
import type { Log } from '../log.js';
import { SharedReading } from '../rates/shared-reading.js';
import type { FlowSnapshot } from './flow-snapshot.js';
import type { FlowTable } from './flow-table.js';

/** While somebody asks, rates are kept up; after such a pause vsockd rests. */
const attentionMilliseconds = 5000;
const tickMilliseconds = 1000;
/** Where a look takes long, the answer that is being written has to wait for it: then there are fewer. */
const attendedRestPerLook = 4;
/** Without anybody asking: so often new connections are looked for, so that `establishedAt` is near the truth. */
const idleMilliseconds = 5000;
/** But where there are many connections, a look is followed by a rest so many times as long. */
const restPerLook = 200;

/** The pause after a look that took so long, while nobody asks: at most a two-hundredth of the time is spent on looking. */
export function idlePause(lookMilliseconds: number): number {
  return Math.max(idleMilliseconds, restPerLook * lookMilliseconds);
}

/** Likewise, while somebody asks. */
export function attendedPause(lookMilliseconds: number): number {
  return attendedRestPerLook * lookMilliseconds;
}

/** Keeps the flow table’s latest snapshot, as fresh as somebody needs it. */
export class FlowWatch {
  readonly #reading: SharedReading<FlowSnapshot>;
  #lastAskedAt = -Infinity;
  #lookedAt = -Infinity;
  #lookMilliseconds = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(
    table: Pick<FlowTable, 'read'>,
    private readonly observer: HostObserver,
    private readonly log: Log,
  ) {
    this.#reading = new SharedReading(() => this.#timed(() => table.read()));
    this.#timer = setInterval(() => this.#tick(), tickMilliseconds);
  }

  /** The table, at most 200 ms old. */
  snapshot(): Promise<FlowSnapshot> {
    this.#lastAskedAt = performance.now();
    return this.#reading.latest();
  }

  /** A table that knows all of these flows, if there is one: the latest, whatever its age, else a new one. */
  async snapshotWith(ids: readonly string[]): Promise<FlowSnapshot> {
    const latest = await this.lastSnapshot();
    return latest !== null && ids.every((id) => latest.has(id)) ? latest : this.newSnapshot();
  }

  /** The latest table, whatever its age; null: there is none yet. */
  lastSnapshot(): Promise<FlowSnapshot | null> {
    return this.#reading.last();
  }

  /** The table as it is after this call. */
  newSnapshot(): Promise<FlowSnapshot> {
    return this.#reading.renewed();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading.settled();
  }

  #tick(): void {
    const now = performance.now();
    const pauseAfter = now - this.#lastAskedAt < attentionMilliseconds ? attendedPause : idlePause;
    const due = now >= this.#lookedAt + pauseAfter(this.#lookMilliseconds);
    try {
      if (!this.#reading.isFresh && due)
        this.#reading.latest().catch((error: unknown) => this.#report(error));
      else if (!this.#reading.isReading) this.observer.settleClosed();
      this.observer.save();
    } catch (error) {
      this.#report(error);
    }
  }

  async #timed(read: () => Promise<FlowSnapshot>): Promise<FlowSnapshot> {
    const begin = performance.now();
    try {
      return await read();
    } finally {
      this.#lookedAt = performance.now();
      this.#lookMilliseconds = this.#lookedAt - begin;
    }
  }

  #report(error: unknown): void {
    this.log.error({ error: (error as Error).message }, 'the VMs’ connections could not be read');
  }
}
