import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { findColumn, isNumeric, type Column, type Table, type Value } from './column.js';

export interface SortOrder {
  key: string;
  reverse: boolean;
}

const natural = new Intl.Collator('en', { numeric: true });

/**
 * Numbers come largest first, because that is what one looks for; times newest first; text in its natural order
 * (red2 before red10). What is unknown comes last. `reverse` turns all of it but that around.
 */
export function sortRows<Row>(rows: readonly Row[], table: Table<Row>, order: SortOrder): Row[] {
  const column = requireColumn(table, order.key);
  const sign = order.reverse ? -1 : 1;
  const decorated = rows.map((row) => ({ row, value: column.value(row) }));
  decorated.sort((a, b) => compareInOrder(a, b, column, sign) || comparePlaces(a.row, b.row, table));
  return decorated.map(({ row }) => row);
}

/** The same order, for rows that come one after the other. */
export function rowComparer<Row>(table: Table<Row>, order: SortOrder): (a: Row, b: Row) => number {
  const column = requireColumn(table, order.key);
  const sign = order.reverse ? -1 : 1;
  return (a, b) =>
    compareInOrder({ value: column.value(a) }, { value: column.value(b) }, column, sign) ||
    comparePlaces(a, b, table);
}

function compareInOrder<Row>(
  a: { value: Value },
  b: { value: Value },
  column: Column<Row>,
  sign: 1 | -1,
): number {
  if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
  return sign * compareValues(a.value, b.value, column);
}

/** Rows that are level have the order that hosts give them: 100,000 idle flows are level. */
function comparePlaces<Row>(a: Row, b: Row, table: Table<Row>): number {
  const [one, other] = [table.locate(a), table.locate(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}

function compareValues<Row>(a: NonNullable<Value>, b: NonNullable<Value>, column: Column<Row>): number {
  if (isNumeric(column.kind)) return Number(b) - Number(a);
  if (column.kind === 'time') return String(a) < String(b) ? 1 : String(a) > String(b) ? -1 : 0;
  return a === b ? 0 : natural.compare(String(a), String(b));
}

/** `KEY`, or `-KEY` for the reverse order. */
export function parseSortOrder<Row>(text: string, table: Table<Row>): SortOrder {
  const reverse = text.startsWith('-');
  const column = requireColumn(table, reverse ? text.slice(1) : text);
  return { key: column.key, reverse };
}

function requireColumn<Row>(table: Table<Row>, key: string): Column<Row> {
  const column = findColumn(table, key);
  if (column !== undefined) return column;
  const keys = table.columns.map((candidate) => candidate.key).join(', ');
  throw new VsocketError(
    'no-such-column',
    `a ${table.noun} has no “${key}”`,
    `sort by one of ${keys}`,
    ExitCode.usage,
  );
}
