/** A binary heap: the item that comes first by `compare` is on top. */
export class Heap<Item> {
  readonly #items: Item[];

  /** @param items becomes the heap’s own */
  constructor(
    private readonly compare: (a: Item, b: Item) => number,
    items: Item[] = [],
  ) {
    this.#items = items;
    for (let at = (items.length >> 1) - 1; at >= 0; at -= 1) this.#sink(at);
  }

  get size(): number {
    return this.#items.length;
  }

  get top(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.compare(items[parent]!, item) <= 0) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): Item | undefined {
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return last;
    return this.replaceTop(last);
  }

  /** Puts another item in the place of the top one, which it gives back. */
  replaceTop(item: Item): Item | undefined {
    const [top] = this.#items;
    this.#items[0] = item;
    this.#sink(0);
    return top;
  }

  /** All items, in no order; the heap is not to be used after it. */
  release(): Item[] {
    return this.#items;
  }

  #sink(start: number): void {
    const items = this.#items;
    const item = items[start]!;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.compare(items[child + 1]!, items[child]!) < 0) child += 1;
      if (this.compare(item, items[child]!) <= 0) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = item;
  }
}
