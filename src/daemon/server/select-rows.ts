import type { List, ListAnswer, ListQuery } from '../../api/define-list.js';

/** Filters, sorts and cuts a host’s rows as a query asks. */
export function selectRows<Row extends object>(
  list: List<Row>,
  rows: readonly Row[],
  query: ListQuery,
): ListAnswer<Row> {
  const wanted = list.filters.filter((field) => query[field] !== undefined);
  const matching = rows.filter((row) => wanted.every((field) => row[field] === query[field]));
  const descending = query.sort.startsWith('-');
  const column = (descending ? query.sort.slice(1) : query.sort) as keyof Row;
  const sign = descending ? -1 : 1;
  matching.sort((a, b) => sign * compare(a[column], b[column]) || compare(a[list.order], b[list.order]));
  return { items: matching.slice(0, query.limit), total: matching.length };
}

/** What is not there comes last in ascending order; what is neither text nor number is compared as JSON. */
function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [first, second] = [comparable(a), comparable(b)];
  return first === second ? 0 : first < second ? -1 : 1;
}

function comparable(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
