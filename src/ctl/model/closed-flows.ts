import type { FlowRow } from '../columns/flow-table.js';

/** How long the totals of a flow that ended stay visible, in milliseconds. */
const keptMilliseconds = 30_000;

/** A host whose flows end in masses must not fill our memory. */
const keptAtMost = 1000;

/** Remembers the flows of one host that ended while someone watched, with their last totals and no rate. */
export class ClosedFlows {
  #alive = new Map<string, FlowRow>();
  readonly #closed = new Map<string, { row: FlowRow; until: number }>();

  /** Takes the host's newest list. `now` in milliseconds since 1970. */
  update(flows: readonly FlowRow[], now: number): void {
    const alive = new Map(flows.map((flow) => [flow.id, flow]));
    for (const [id, flow] of this.#alive) {
      if (alive.has(id)) continue;
      const row: FlowRow = { ...flow, state: 'closed', txBytesPerSecond: 0, rxBytesPerSecond: 0 };
      this.#closed.set(id, { row, until: now + keptMilliseconds });
    }
    this.#alive = alive;
    for (const [id, { until }] of this.#closed) {
      if (until <= now || alive.has(id) || this.#closed.size > keptAtMost) this.#closed.delete(id);
    }
  }

  /** What comes next is not all that the host has: a flow that is missing there may be alive. */
  forget(): void {
    this.#alive.clear();
  }

  get rows(): FlowRow[] {
    return [...this.#closed.values()].map(({ row }) => row);
  }
}
