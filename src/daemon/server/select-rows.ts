import type { List, ListAnswer, ListQuery } from '../../api/define-list.js';
import type { FilterValue } from '../../api/filter-field.js';
import { compileFilter } from '../../filter/compile-filter.js';

/**
 * Filters, sorts and cuts a host’s rows as a query asks.
 * @throws VsocketError where the filter is none
 */
export function selectRows<Row extends object>(
  list: List<Row>,
  rows: readonly Row[],
  query: ListQuery,
): ListAnswer<Row> {
  const wanted = list.filters.filter((field) => query[field] !== undefined);
  const matches = compileFilter(query.filter ?? '', { noun: 'row', fields: list.filterFields });
  const matching = rows.filter((row) => wanted.every((field) => row[field] === query[field]) && matches(row));
  const descending = query.sort.startsWith('-');
  const key = descending ? query.sort.slice(1) : query.sort;
  const { values } = list.filterFields.find((field) => field.key === key)!;
  const sign = descending ? -1 : 1;
  const sorted = matching
    .map((row) => ({ row, value: values(row)[0] ?? null }))
    .sort(
      (a, b) =>
        compare(a.value, b.value, sign) ||
        compare(a.row[list.order] as string, b.row[list.order] as string, 1),
    );
  return { items: sorted.slice(0, query.limit).map(({ row }) => row), total: matching.length };
}

/** What is not there comes last in either order. */
function compare(a: FilterValue, b: FilterValue, sign: 1 | -1): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
  return String(a) < String(b) ? -sign : sign;
}
