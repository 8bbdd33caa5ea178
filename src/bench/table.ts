/** A column of a table whose rows are of some kind. */
export interface Column<Row> {
  title: string;
  align: 'left' | 'right';
  text: (row: Row) => string;
}

/** A table for people, with a line of titles. */
export function tableOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ text }) => text(row))),
  ];
  const widths = columns.map((_, c) => Math.max(...cells.map((row) => row[c]?.length ?? 0)));
  const pad = (cell: string, c: number): string =>
    columns[c]?.align === 'left' ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0);
  return cells.map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('');
}

export const numeric = (value: number): string =>
  value.toLocaleString('en', { maximumSignificantDigits: 3, useGrouping: false });

/** A figure with its unit or sign; a dash where there is none. */
export const cell = (value: number | null, suffix = ''): string =>
  value === null ? '-' : `${numeric(value)}${suffix}`;

export const runsText = (repetitions: number): string =>
  repetitions === 1 ? 'one run each' : `median of ${repetitions} runs each`;
