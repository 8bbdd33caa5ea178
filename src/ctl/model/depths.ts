import { FirstFew } from '../../order/first-few.js';

/** So many rows a host is asked for at least. */
const leastDepth = 8;
/** Of many hosts each has few of the rows on the screen; but not each as many. */
const moreThanItsPart = 4;
/** How much further a host is asked whose rows all come before the last one on the screen. */
const deeper = 4;

/** What one host gave. */
export interface Given<Row> {
  rows: readonly Row[];
  /** It may have more. */
  isCut: boolean;
}

/**
 * How many rows each host is asked for, where a screen shows the first few of all hosts’ rows: all that it needs, and
 * not each host’s share of a screenful.
 */
export class Depths<Row> {
  readonly #depths = new Map<string, number>();

  constructor(private readonly hosts: number) {}

  /** @param limit rows that are looked at, of all hosts together */
  of(host: string, limit: number): number {
    return Math.min(limit, this.#depths.get(host) ?? this.#first(limit));
  }

  /** Other rows are looked at. */
  forget(): void {
    this.#depths.clear();
  }

  /**
   * Asks those hosts for more from now on that may have more rows to show.
   * @param compare the order on the screen @returns the hosts
   */
  deepen(
    given: ReadonlyMap<string, Given<Row>>,
    limit: number,
    compare: (a: Row, b: Row) => number,
  ): string[] {
    const first = new FirstFew(compare, limit);
    let count = 0;
    for (const { rows } of given.values())
      for (const row of rows) {
        first.add(row);
        count += 1;
      }
    const lastShown = count < limit ? null : first.last;
    const found: string[] = [];
    for (const [host, { rows, isCut }] of given) {
      const lastGiven = rows.at(-1);
      if (!isCut || lastGiven === undefined || rows.length >= limit) continue;
      if (lastShown !== null && lastShown !== undefined && compare(lastGiven, lastShown) > 0) continue;
      this.#depths.set(host, Math.min(limit, deeper * rows.length));
      found.push(host);
    }
    return found;
  }

  #first(limit: number): number {
    return Math.max(leastDepth, Math.ceil((moreThanItsPart * limit) / this.hosts));
  }
}
