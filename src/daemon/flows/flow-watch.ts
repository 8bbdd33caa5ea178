import type { HostObserver } from '../observer/host-observer.js';
import type { Log } from '../log.js';
import { SharedReading } from '../rates/shared-reading.js';
import type { FlowSnapshot, FlowTable } from './flow-table.js';

/** While somebody asks, rates are kept up; after such a pause vsockd rests. */
const attentionMilliseconds = 5000;
const tickMilliseconds = 1000;
/** Without anybody asking: so often new connections are looked for, so that `establishedAt` is near the truth. */
const idleTicks = 5;

/** Keeps the flow table’s latest snapshot, as fresh as somebody needs it. */
export class FlowWatch {
  readonly #reading: SharedReading<FlowSnapshot>;
  #lastAskedAt = -Infinity;
  #ticks = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(
    table: FlowTable,
    private readonly observer: HostObserver,
    private readonly log: Log,
  ) {
    this.#reading = new SharedReading(() => table.read());
    this.#timer = setInterval(() => this.#tick(), tickMilliseconds);
  }

  /** The table, at most 200 ms old. */
  snapshot(): Promise<FlowSnapshot> {
    this.#lastAskedAt = performance.now();
    return this.#reading.latest();
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
    this.#ticks++;
    const attended = performance.now() - this.#lastAskedAt < attentionMilliseconds;
    const due = attended || this.#ticks % idleTicks === 0;
    try {
      if (!this.#reading.isFresh && due)
        this.#reading.latest().catch((error: unknown) => this.#report(error));
      else if (!this.#reading.isReading) this.observer.settleClosed();
      this.observer.save();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    this.log.error({ error: (error as Error).message }, 'the VMs’ connections could not be read');
  }
}
