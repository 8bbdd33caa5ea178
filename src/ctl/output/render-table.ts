import { isNumeric, shownColumns, type Table } from '../columns/column.js';
import { formatCell, type FormatOptions } from '../columns/format-value.js';
import { displayWidth, fit } from '../text/width.js';

export interface TableOptions extends FormatOptions {
  wide: boolean;
  headers: boolean;
}

/** Aligned columns, each as wide as its widest cell; nothing is cut, because the lines may be read by programs. */
export function renderTable<Row>(rows: readonly Row[], table: Table<Row>, options: TableOptions): string {
  const columns = shownColumns(table, options.wide);
  const lines = rows.map((row) => columns.map((column) => formatCell(column, row, options)));
  if (options.headers) lines.unshift(columns.map((column) => column.header));
  const widths = columns.map((_, index) =>
    lines.reduce((most, cells) => Math.max(most, displayWidth(cells[index] ?? '')), 0),
  );
  return lines
    .map((cells) =>
      cells
        .map((cell, index) => {
          const numeric = isNumeric(columns[index]?.kind ?? 'text');
          return fit(cell, widths[index] ?? 0, numeric ? 'right' : 'left');
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
