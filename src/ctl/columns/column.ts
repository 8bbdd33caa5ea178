import type { FilterField } from '../../api/filter-field.js';
import type { ListName, SeenRowsOf } from '../../api/lists.js';
import { lists } from '../../api/lists.js';

/** What a value is decides how it is aligned, formatted, compared and filtered. */
export type Kind = 'text' | 'count' | 'bytes' | 'rate' | 'frequency' | 'bitRate' | 'time';

export type Value = string | number | boolean | null;

/** What a cell means, for the UI's colours; never a colour itself. */
export type Tone = 'plain' | 'muted' | 'good' | 'warning' | 'bad';

/**
 * One property of a row. Tables, `--sort-by`, `--filter`, their help and the man pages all come from these.
 * `show`: in every table, in wide ones only, or never (the property can still be sorted and filtered by).
 */
export interface Column<Row> {
  key: string;
  header: string;
  kind: Kind;
  /** Where the unit differs from row to row: what the value of this one is. Of the same alignment as `kind`. */
  kindOf?: (row: Row) => Kind;
  summary: string;
  show: 'always' | 'wide' | 'never';
  /** Where the window is too narrow, columns with the highest number go first. */
  priority: number;
  /** Widest that it is on a screen before other columns get a place, in terminal columns. */
  usualWidth: number;
  /** It is seen at every width: its names are cut down to this before it goes. */
  leastWidth?: number;
  /** Sentences, which are cut at their end; names are cut in the middle, so that they stay different. */
  prose?: boolean;
  /** It may be two names with this between them, of which both are to be known. */
  joint?: string;
  /** Where the cells before it are empty, it is written over them: it says why they are. */
  spans?: boolean;
  value: (row: Row) => Value;
  /** The words that it can be, where these are known: a filter is checked against them. */
  words?: readonly string[];
  /** How the value is written, where that says more than the value: `stale 7s`. */
  text?: (row: Row) => string;
  tone?: (row: Row) => Tone;
}

/** Everything vsockctl knows about one kind of row. */
export interface Table<Row> {
  /** `flow`, `vm`, `host`: for messages. */
  noun: string;
  columns: readonly Column<Row>[];
  /** What of a row can be asked besides the columns: the fields of the API’s list. */
  fields: readonly FilterField<Row>[];
  /** Names a row in `-o name` and to `kill`. */
  identify: (row: Row) => string;
  /** Unique among all hosts. */
  locate: (row: Row) => string;
  defaultSort: string;
}

/** The short form for properties that are a field of the row. */
export function field<Row, Key extends keyof Row & string>(
  key: Key,
  column: Omit<Column<Row>, 'key' | 'value'>,
): Column<Row> {
  return { ...column, key, value: (row) => asValue(row[key]) };
}

/** The host of a row; a table may say otherwise how wide it is and when it goes. */
export function hostField<Row extends { host: unknown }>(
  column: Pick<Column<Row>, 'summary'> & Partial<Omit<Column<Row>, 'key' | 'value'>>,
): Column<Row> {
  return field<Row, 'host'>('host', {
    header: 'HOST',
    kind: 'text',
    show: 'always',
    priority: 1,
    usualWidth: 12,
    ...column,
  });
}

function asValue(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return Array.isArray(value) ? value.join(',') : JSON.stringify(value);
}

/** Null where either is not known. */
export function sum(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other;
}

export function isNumeric(kind: Kind): boolean {
  return kind !== 'text' && kind !== 'time';
}

/** The fields of a list, as a client asks for them. */
export function fieldsOf<Name extends ListName>(name: Name): readonly FilterField<SeenRowsOf[Name]>[] {
  return lists[name].filterFields as unknown as readonly FilterField<SeenRowsOf[Name]>[];
}

export function findColumn<Row>(table: Table<Row>, key: string): Column<Row> | undefined {
  return table.columns.find((column) => column.key.toLowerCase() === key.toLowerCase());
}

/** The columns of a table as it is shown, in order. */
export function shownColumns<Row>(table: Table<Row>, wide: boolean): Column<Row>[] {
  return table.columns.filter((column) => column.show === 'always' || (wide && column.show === 'wide'));
}
