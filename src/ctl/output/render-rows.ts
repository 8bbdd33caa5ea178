import { stringify } from 'yaml';
import type { Table } from '../columns/column.js';
import type { OutputFormat } from './output-format.js';
import { renderCsv } from './render-csv.js';
import { renderTable } from './render-table.js';

export interface RenderOptions {
  format: OutputFormat;
  exact: boolean;
  headers: boolean;
  now: number;
}

/** One list in the format asked for. Everything but the tables prints the API's own objects with exact values. */
export function renderRows<Row extends object>(
  rows: readonly Row[],
  table: Table<Row>,
  fields: readonly string[],
  options: RenderOptions,
): string {
  switch (options.format) {
    case 'table':
    case 'wide':
      return renderTable(rows, table, { ...options, wide: options.format === 'wide' });
    case 'json':
      return `${JSON.stringify(rows, null, 2)}\n`;
    case 'jsonl':
      return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    case 'yaml':
      return stringify(rows);
    case 'csv':
      return renderCsv(rows, fields, options.headers);
    case 'name':
      return rows.map((row) => `${table.identify(row)}\n`).join('');
  }
}
