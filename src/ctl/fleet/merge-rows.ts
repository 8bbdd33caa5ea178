import { Heap } from '../../order/heap.js';
import type { HostOutcome } from './fleet.js';

/** Rows of one host as they come, in order; at its end how it went. */
export type RowStream<Row> = AsyncGenerator<Row[], HostOutcome<unknown>>;

/** Where one stream stands. */
interface Source<Row> {
  stream: RowStream<Row>;
  /** What came together; those before `at` are given on already. */
  rows: Row[];
  at: number;
}

/**
 * The rows of all streams in one order, as they come. A stream that fails ends; the others go on.
 * @param onEnd gets how each stream went that was not left before its end, and its index
 */
export async function* mergeRows<Row>(
  streams: readonly RowStream<Row>[],
  compare: (a: Row, b: Row) => number,
  onEnd: (outcome: HostOutcome<unknown>, index: number) => void,
): AsyncGenerator<Row[]> {
  const advance = async (source: Source<Row>): Promise<boolean> => {
    for (;;) {
      const next = await source.stream.next();
      if (next.done === true) {
        onEnd(next.value, streams.indexOf(source.stream));
        return false;
      }
      // In order already, unless an older vsockd gave all it has.
      source.rows = next.value.sort(compare);
      source.at = 0;
      if (source.rows.length > 0) return true;
    }
  };
  try {
    const sources = streams.map((stream): Source<Row> => ({ stream, rows: [], at: 0 }));
    const alive = await Promise.all(sources.map(advance));
    const heap = new Heap<Source<Row>>(
      (a, b) => compare(a.rows[a.at]!, b.rows[b.at]!),
      sources.filter((_, index) => alive[index]),
    );
    let rows: Row[] = [];
    for (let first = heap.top; first !== undefined; first = heap.top) {
      if (heap.size === 1) rows = rows.concat(first.rows.slice(first.at));
      else rows.push(first.rows[first.at]!);
      first.at = heap.size === 1 ? first.rows.length : first.at + 1;
      if (first.at < first.rows.length) {
        heap.replaceTop(first);
        continue;
      }
      // What there is need not wait for what comes next.
      if (rows.length > 0) yield rows;
      rows = [];
      if (await advance(first)) heap.replaceTop(first);
      else heap.pop();
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.return(undefined as never)));
  }
}
