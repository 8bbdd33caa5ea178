import type { List, ListQuery } from '../../api/define-list.js';
import type { FilterValue } from '../../api/filter-field.js';
import { compileFilter } from '../../filter/compile-filter.js';
import { FirstFew } from '../../order/first-few.js';
import { SortedRuns } from '../../order/sorted-runs.js';
import { Pace } from '../../pace/pace.js';

/** What a query picks of a list. */
export class Selection<Row extends object> {
  constructor(
    /** Rows that match, before the limit. */
    readonly total: number,
    /** How many `rows` are, after the limit. */
    readonly length: number,
    /** In order; each is looked for when it is needed. They can be had once. */
    readonly rows: Iterable<Row>,
  ) {}
}

interface Candidate<Row> {
  row: Row;
  value: FilterValue;
}

/**
 * Filters, sorts and cuts a host’s rows as a query asks, in slices. Only rows that may be in the answer are kept.
 * @throws VsocketError where the filter is none
 */
export async function selectRows<Row extends object>(
  list: List<Row>,
  rows: Iterable<Row>,
  query: ListQuery,
): Promise<Selection<Row>> {
  const { limit = Infinity } = query;
  const wanted = list.filters.filter((field) => query[field] !== undefined);
  const matches = compileFilter(query.filter ?? '', { noun: 'row', fields: list.filterFields });
  const descending = query.sort.startsWith('-');
  const key = descending ? query.sort.slice(1) : query.sort;
  const { values } = list.filterFields.find((field) => field.key === key)!;
  const compare = (a: Candidate<Row>, b: Candidate<Row>): number =>
    compareValues(a.value, b.value, descending ? -1 : 1) ||
    compareValues(a.row[list.order] as string, b.row[list.order] as string, 1);
  const kept = limit === Infinity ? new SortedRuns(compare) : new FirstFew(compare, limit);
  const pace = new Pace();
  let total = 0;
  for (const row of rows) {
    if (pace.isDue) await pace.rest();
    if (!wanted.every((field) => row[field] === query[field]) || !matches(row)) continue;
    total += 1;
    kept.add({ row, value: values(row)[0] ?? null });
  }
  return new Selection(total, Math.min(total, limit), rowsOf(kept.inOrder()));
}

function* rowsOf<Row>(candidates: Iterable<Candidate<Row>>): Generator<Row> {
  for (const { row } of candidates) yield row;
}

/** What is not there comes last in either order. */
function compareValues(a: FilterValue, b: FilterValue, sign: 1 | -1): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
  return String(a) < String(b) ? -sign : sign;
}
