import type { HostObserver } from '../observer/host-observer.js';
import type { Log } from '../log.js';
import type { FlowSnapshot, FlowTable } from './flow-table.js';

/** Several clients at once cost one look. */
const freshMilliseconds = 200;
/** While somebody asks, rates are kept up; after such a pause vsockd rests. */
const attentionMilliseconds = 5000;
const tickMilliseconds = 1000;
/** Without anybody asking: so often new connections are looked for, so that `establishedAt` is near the truth. */
const idleTicks = 5;

/** Keeps the flow table’s latest snapshot, as fresh as somebody needs it. */
export class FlowWatch {
  #latest: Promise<FlowSnapshot> | null = null;
  #latestAt = -Infinity;
  #lastAskedAt = -Infinity;
  #reading = false;
  #ticks = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly table: FlowTable,
    private readonly observer: HostObserver,
    private readonly log: Log,
  ) {
    this.#timer = setInterval(() => this.#tick(), tickMilliseconds);
  }

  /** The table, at most 200 ms old. */
  snapshot(): Promise<FlowSnapshot> {
    this.#lastAskedAt = performance.now();
    return this.#isFresh() ? this.#latest! : this.#read();
  }

  /** The table as it is after this call. */
  async newSnapshot(): Promise<FlowSnapshot> {
    while (this.#reading) await this.#latest?.catch(() => undefined);
    return this.#read();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#latest?.catch(() => undefined);
  }

  #isFresh(): boolean {
    return this.#reading || performance.now() - this.#latestAt < freshMilliseconds;
  }

  #read(): Promise<FlowSnapshot> {
    this.#reading = true;
    this.#latest = this.table.read().finally(() => {
      this.#reading = false;
      this.#latestAt = performance.now();
    });
    this.#latest.catch(() => {
      this.#latestAt = -Infinity;
    });
    return this.#latest;
  }

  #tick(): void {
    this.#ticks++;
    const attended = performance.now() - this.#lastAskedAt < attentionMilliseconds;
    const due = attended || this.#ticks % idleTicks === 0;
    try {
      if (!this.#isFresh() && due) this.#read().catch((error: unknown) => this.#report(error));
      else if (!this.#reading) this.observer.settleClosed();
      this.observer.save();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    this.log.error({ error: (error as Error).message }, 'the VMs’ connections could not be read');
  }
}
