import { Heap } from './heap.js';

/** Keeps the first so many of the items that are added. */
export class FirstFew<Item> {
  /** The last of them is on top: it goes first. */
  readonly #kept: Heap<Item>;

  constructor(
    private readonly compare: (a: Item, b: Item) => number,
    private readonly limit: number,
  ) {
    this.#kept = new Heap((a, b) => compare(b, a));
  }

  add(item: Item): void {
    const { last } = this;
    if (this.#kept.size < this.limit) this.#kept.push(item);
    else if (last !== undefined && this.compare(item, last) < 0) this.#kept.replaceTop(item);
  }

  /** The last of those that are kept; undefined where there is none. */
  get last(): Item | undefined {
    return this.#kept.top;
  }

  /** All that are kept; none may be added after it. */
  *inOrder(): Generator<Item> {
    const heap = new Heap(this.compare, this.#kept.release());
    for (let next = heap.pop(); next !== undefined; next = heap.pop()) yield next;
  }
}
