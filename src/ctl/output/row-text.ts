import { stringify } from 'yaml';
import { renderCsvHeader, renderCsvRows } from './render-csv.js';
import type { OutputFormat } from './output-format.js';

/** Formats whose rows can be written one after the other: all but tables, whose columns are as wide as the widest cell. */
export type RowFormat = Exclude<OutputFormat, 'table' | 'wide'>;

export interface RowTextOptions<Row> {
  /** Of the JSON objects, for CSV. */
  fields: readonly string[];
  headers: boolean;
  identify: (row: Row) => string;
}

/** A list as text, as its rows come: the API’s own objects with exact values. */
export class RowText<Row extends object> {
  #isEmpty = true;

  constructor(
    private readonly format: RowFormat,
    private readonly options: RowTextOptions<Row>,
  ) {}

  /** The text of the next rows. */
  rows(rows: readonly Row[]): string {
    if (rows.length === 0) return '';
    const start = this.#isEmpty ? this.#start() : this.format === 'json' ? ',\n' : '';
    this.#isEmpty = false;
    return start + this.#text(rows);
  }

  /** What comes after the last row. */
  end(): string {
    if (this.format === 'json') return this.#isEmpty ? '[]\n' : '\n]\n';
    if (!this.#isEmpty) return '';
    return this.format === 'yaml' ? stringify([]) : this.#start();
  }

  #start(): string {
    if (this.format === 'json') return '[\n';
    const { fields, headers } = this.options;
    return this.format === 'csv' && headers ? renderCsvHeader(fields) : '';
  }

  #text(rows: readonly Row[]): string {
    switch (this.format) {
      case 'json':
        // As JSON.stringify writes the whole list, without its brackets.
        return JSON.stringify(rows, null, 2).slice(2, -2);
      case 'jsonl':
        return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      case 'yaml':
        return stringify(rows);
      case 'csv':
        return renderCsvRows(rows, this.options.fields);
      case 'name':
        return rows.map((row) => `${this.options.identify(row)}\n`).join('');
    }
  }
}
