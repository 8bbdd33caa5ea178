import { cutNames, cutPairs } from '../text/cut-names.js';
import { fit, type Alignment } from '../text/width.js';
import { isNumeric } from '../columns/column.js';
import type { ColumnShape, PlacedColumn } from './layout-columns.js';

/**
 * The cells of some rows, each as wide as its column. Names are cut by what else is in sight, so that they stay
 * different.
 */
export function fitCells(
  columns: readonly ColumnShape[],
  rows: readonly (readonly string[])[],
  placed: readonly PlacedColumn[],
  mark: string,
): string[][] {
  const byColumn = placed.map(({ index, width }) => {
    const column = columns[index]!;
    const texts = rows.map((cells) => cells[index] ?? '');
    return cutCells(texts, width, column, mark).map((text) => fit(text, width, alignmentOf(column), mark));
  });
  return rows.map((_, row) => byColumn.map((cells) => cells[row]!));
}

function cutCells(
  texts: readonly string[],
  width: number,
  { kind, prose, joint }: ColumnShape,
  mark: string,
): readonly string[] {
  if (kind !== 'text' || prose === true) return texts;
  return joint === undefined ? cutNames(texts, width, mark) : cutPairs(texts, width, joint, mark);
}

export function alignmentOf({ kind }: ColumnShape): Alignment {
  return isNumeric(kind) ? 'right' : 'left';
}

/** A text that says why the cells after the last one with something in it are empty: written over them. */
export interface Spanning {
  /** Place among the placed columns where it begins. */
  order: number;
  /** Of the column whose text it is. */
  index: number;
  text: string;
}

/** How a row is written whose last words need more room than their column has. */
export function spanningText(
  columns: readonly ColumnShape[],
  cells: readonly string[],
  placed: readonly PlacedColumn[],
): Spanning | null {
  const index = columns.findIndex(({ spans }) => spans === true);
  const text = cells[index];
  if (text === undefined || text === '-') return null;
  const last = placed.findLastIndex((column) => column.index !== index && cells[column.index] !== '-');
  const own = placed.findIndex((column) => column.index === index);
  // Where there is no empty cell before it, it stays in its column.
  return last + 1 >= placed.length || last + 1 === own ? null : { order: last + 1, index, text };
}

/** Columns that a text may take from one place to the end of the line. */
export function widthFrom(
  placed: readonly PlacedColumn[],
  order: number,
  width: number,
  gap: number,
): number {
  return width - placed.slice(0, order).reduce((sum, column) => sum + column.width + gap, 0);
}
