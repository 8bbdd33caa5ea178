import type { FilterField } from '../../api/filter-field.js';
import type { Vocabulary } from '../../filter/compile-filter.js';
import type { Column, Kind, Table } from './column.js';

const kinds: Record<Kind, FilterField<never>['kind']> = {
  text: 'text',
  count: 'number',
  bytes: 'number',
  rate: 'number',
  frequency: 'number',
  bitRate: 'bits',
  time: 'time',
};

/** What a filter can ask of a table’s rows: the API’s own fields, and the columns that only vsockctl has. */
export function vocabularyOf<Row>({ noun, columns, fields }: Table<Row>): Vocabulary<Row> {
  const known = new Map(fields.map((field) => [field.key, field]));
  for (const column of columns) {
    const own = known.get(column.key);
    if (own === undefined) known.set(column.key, columnField(column));
    else if (column.words !== undefined) known.set(own.key, { ...own, words: column.words });
  }
  return { noun, fields: [...known.values()] };
}

function columnField<Row>(column: Column<Row>): FilterField<Row> {
  const { key, kind, words } = column;
  const values = (row: Row) => [column.value(row)];
  const isAddress = kind === 'text' && /^(local|remote|source|destination)$/.test(key);
  return {
    key,
    kind: isAddress ? 'address' : kinds[kind],
    values,
    ...(words === undefined ? {} : { words }),
  };
}
