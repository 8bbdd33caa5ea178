import { shownColumns, type Table } from '../columns/column.js';
import { formatCell, type FormatOptions } from '../columns/format-value.js';
import { alignmentOf, fitCells } from '../layout/fit-cells.js';
import { gapFor, layoutColumns, type WidthMemory } from '../layout/layout-columns.js';
import { elide, fit } from '../text/width.js';

export interface ScreenOptions extends FormatOptions {
  wide: boolean;
  headers: boolean;
  /** Of the terminal. */
  size: { columns: number; rows: number };
  /** Where text was cut. */
  mark: string;
  memory: WidthMemory;
  /** What is wrong, below the list. */
  problems: readonly string[];
}

/** Lines of problems that are shown; the list needs room too. */
const shownProblems = 3;

/** A list in no more lines and columns than the terminal has, so that its header stays in sight. */
export function renderScreen<Row>(rows: readonly Row[], table: Table<Row>, options: ScreenOptions): string {
  const { size, mark, memory } = options;
  const problems = problemLines(options.problems);
  // The last line is the cursor’s.
  const room = Math.max(1, size.rows - 1 - problems.length - (options.headers ? 1 : 0));
  const fits = rows.length <= room;
  const shown = fits ? rows : rows.slice(0, Math.max(0, room - 1));
  const columns = shownColumns(table, options.wide);
  const cells = shown.map((row) => columns.map((column) => formatCell(column, row, options)));
  const gap = gapFor(size.columns);
  const placed = layoutColumns(columns, cells, { width: size.columns, gap, memory });
  const titles = placed.map(({ index, width }) =>
    fit(columns[index]!.header, width, alignmentOf(columns[index]!), mark),
  );
  const body = [...(options.headers ? [titles] : []), ...fitCells(columns, cells, placed, mark)];
  const lines = body.map((texts) => texts.join(' '.repeat(gap)).trimEnd());
  if (rows.length === 0) lines.push(`no ${table.noun}s`);
  if (!fits) lines.push(`and ${rows.length - shown.length} more: a taller window or vsockctl top shows them`);
  return [...lines, ...problems].map((line) => `${elide(line, size.columns, mark)}\n`).join('');
}

function problemLines(problems: readonly string[]): string[] {
  const rest = problems.length - shownProblems;
  if (rest <= 0) return [...problems];
  return [...problems.slice(0, shownProblems), `and ${rest} more hosts failed: vsockctl hosts tells why`];
}
