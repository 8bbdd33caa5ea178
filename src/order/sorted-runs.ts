import { Heap } from './heap.js';

/** A run is sorted at once: in about a millisecond. */
const runLength = 1024;

/** Where a run stands. */
interface Run<Item> {
  items: readonly Item[];
  at: number;
}

/** Puts items in order without a long pause: they are sorted in short runs, which are merged as they are asked for. */
export class SortedRuns<Item> {
  readonly #runs: Item[][] = [];

  constructor(private readonly compare: (a: Item, b: Item) => number) {}

  add(item: Item): void {
    const last = this.#runs.at(-1);
    if (last === undefined || last.length === runLength) this.#runs.push([item]);
    else if (last.push(item) === runLength) last.sort(this.compare);
  }

  /** All items; none may be added after it has begun. */
  *inOrder(): Generator<Item> {
    this.#runs.at(-1)?.sort(this.compare);
    const heap = new Heap<Run<Item>>(
      (a, b) => this.compare(a.items[a.at]!, b.items[b.at]!),
      this.#runs.map((items) => ({ items, at: 0 })),
    );
    for (let run = heap.top; run !== undefined; run = heap.top) {
      yield run.items[run.at]!;
      run.at += 1;
      if (run.at < run.items.length) heap.replaceTop(run);
      else heap.pop();
    }
  }
}
