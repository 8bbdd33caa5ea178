import type { Table } from '../columns/column.js';
import type { OutputFormat } from './output-format.js';
import { renderTable } from './render-table.js';
import { RowText } from './row-text.js';

export interface RenderOptions {
  format: OutputFormat;
  exact: boolean;
  headers: boolean;
  now: number;
}

/** One list in the format asked for. */
export function renderRows<Row extends object>(
  rows: readonly Row[],
  table: Table<Row>,
  fields: readonly string[],
  options: RenderOptions,
): string {
  const { format, headers } = options;
  if (format === 'table' || format === 'wide')
    return renderTable(rows, table, { ...options, wide: format === 'wide' });
  const text = new RowText<Row>(format, { fields, headers, identify: (row) => table.identify(row) });
  return text.rows(rows) + text.end();
}
