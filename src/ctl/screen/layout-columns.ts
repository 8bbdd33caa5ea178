import type { Kind } from '../columns/column.js';
import { displayWidth } from '../text/width.js';
import type { Cell, ViewColumn } from './view-list.js';

export interface PlacedColumn {
  /** Index in the list's columns and cells. */
  index: number;
  width: number;
}

/** Kinds whose values change from frame to frame. */
const moving: ReadonlySet<Kind> = new Set(['rate', 'frequency', 'bytes', 'time']);

/** Widths that columns had before: they only grow while a view is open, so that nothing jitters. */
export type WidthMemory = Map<string, number>;

/**
 * Chooses the columns that fit and how wide each is. What moves (rates, totals, ages) has a fixed width; text is
 * as wide as its widest visible cell. Where there is no room, the least important columns go.
 */
export function layoutColumns(
  columns: readonly ViewColumn[],
  rows: readonly (readonly Cell[])[],
  room: number,
  gap: number,
  memory: WidthMemory,
): PlacedColumn[] {
  const widths = columns.map((column, index) => naturalWidth(column, index, rows, memory));
  const kept: PlacedColumn[] = [];
  let used = -gap;
  const byPriority = columns
    .map((column, index) => ({ column, index }))
    .sort((a, b) => a.column.priority - b.column.priority);
  for (const { index } of byPriority) {
    const width = widths[index] ?? 0;
    const left = room - used - gap;
    // The most important column is cut rather than left out.
    const given = kept.length === 0 ? Math.min(width, left) : width;
    if (given > left) continue;
    kept.push({ index, width: given });
    used += gap + given;
  }
  return stretchLast(
    kept.sort((a, b) => a.index - b.index),
    columns,
    room - used,
  );
}

function naturalWidth(
  column: ViewColumn,
  index: number,
  rows: readonly (readonly Cell[])[],
  memory: WidthMemory,
): number {
  // One more for the arrow that marks the sorted column.
  const header = displayWidth(column.header) + 1;
  if (moving.has(column.kind)) return Math.max(header, column.maximumWidth);
  const widest = rows.reduce((most, cells) => Math.max(most, displayWidth(cells[index]?.text ?? '')), header);
  const width = Math.max(
    memory.get(column.key) ?? 0,
    Math.max(header, Math.min(widest, column.maximumWidth)),
  );
  memory.set(column.key, width);
  return width;
}

/** A text column at the end takes what is left: reasons are long. */
function stretchLast(placed: PlacedColumn[], columns: readonly ViewColumn[], rest: number): PlacedColumn[] {
  const last = placed.at(-1);
  if (last === undefined || columns[last.index]?.alignment !== 'left') return placed;
  return [...placed.slice(0, -1), { ...last, width: last.width + rest }];
}
