import type { Column, Kind } from '../columns/column.js';
import { displayWidth } from '../text/width.js';

/** What of a column decides where it stands. */
export type ColumnShape = Pick<
  Column<never>,
  'key' | 'header' | 'kind' | 'priority' | 'usualWidth' | 'leastWidth' | 'prose' | 'joint' | 'spans'
>;

export interface PlacedColumn {
  /** Index in the list's columns and cells. */
  index: number;
  width: number;
}

/** Kinds whose values change from frame to frame. */
const moving: ReadonlySet<Kind> = new Set(['rate', 'frequency', 'bytes', 'time']);

/** Widths that columns had before: they only grow while a view is open, so that nothing jitters. */
export type WidthMemory = Map<string, number>;

/** The room for columns. */
export interface Room {
  width: number;
  /** Blanks between two columns. */
  gap: number;
  memory: WidthMemory;
}

/** A wide window has room to breathe. */
export function gapFor(windowWidth: number): number {
  return windowWidth < 160 ? 1 : 2;
}

interface Widths {
  /** Below which it is of no use. */
  least: number;
  /** That it has before another column gets a place. */
  usual: number;
  /** With which nothing in it is cut. */
  whole: number;
}

/**
 * Chooses the columns that fit, the least useful goes first, and how wide each is. What moves (rates, totals, ages) has
 * a fixed width. First come the columns that are always seen, at worst with names cut; another one only where nothing
 * gets narrower than usual by it. What room is left uncuts names.
 */
export function layoutColumns(
  columns: readonly ColumnShape[],
  rows: readonly (readonly string[])[],
  room: Room,
): PlacedColumn[] {
  const widths = columns.map((column, index) => widthsOf(column, index, rows, room));
  const byPriority = columns
    .map((column, index) => ({ column, index }))
    .sort((a, b) => a.column.priority - b.column.priority);
  const kept: number[] = [];
  let least = -room.gap;
  let usual = -room.gap;
  for (const { column, index } of byPriority) {
    const own = widths[index]!;
    least += room.gap + own.least;
    usual += room.gap + own.usual;
    const fits = column.leastWidth === undefined ? usual <= room.width : least <= room.width;
    if (!fits && kept.length > 0) break;
    kept.push(index);
  }
  return share(
    kept.sort((a, b) => a - b),
    columns,
    widths,
    room,
  );
}

/** All columns from one on, as many as fit beside the first, which names the row: what one scrolls to. */
export function layoutFrom(
  columns: readonly ColumnShape[],
  rows: readonly (readonly string[])[],
  room: Room,
  skipped: number,
): PlacedColumn[] {
  const widths = columns.map((column, index) => widthsOf(column, index, rows, room));
  const kept: number[] = [];
  let used = -room.gap;
  for (const index of [0, ...columns.keys()].filter((one, order) => order === 0 || one > skipped)) {
    used += room.gap + widths[index]!.usual;
    if (used > room.width && kept.length > 1) break;
    kept.push(index);
  }
  return share(kept, columns, widths, room);
}

function widthsOf(
  column: ColumnShape,
  index: number,
  rows: readonly (readonly string[])[],
  { width: window, memory }: Room,
): Widths {
  const header = displayWidth(column.header);
  // One more for the arrow that marks the sorted column.
  if (moving.has(column.kind)) {
    const width = Math.max(header + 1, column.usualWidth);
    return { least: width, usual: width, whole: width };
  }
  const widest = rows.reduce((most, cells) => Math.max(most, displayWidth(cells[index] ?? '')), header + 1);
  const whole = Math.max(memory.get(column.key) ?? 0, widest);
  memory.set(column.key, whole);
  // A wide window has room for whole names.
  const generous = column.leastWidth === undefined ? 0 : Math.floor(window / 5);
  const usual = Math.min(whole, Math.max(header + 1, column.usualWidth, generous));
  const least = column.kind === 'text' ? Math.max(header, column.leastWidth ?? usual) : usual;
  return { least: Math.min(usual, least), usual, whole };
}

/** Gives each its usual width, or as much of it as there is; then more to those whose names are still cut. */
function share(
  kept: readonly number[],
  columns: readonly ColumnShape[],
  widths: readonly Widths[],
  room: Room,
): PlacedColumn[] {
  const free = room.width - room.gap * (kept.length - 1);
  const of = (size: keyof Widths): number[] => kept.map((index) => widths[index]![size]);
  const usual = grow(of('least'), of('usual'), free);
  const given = grow(usual, of('whole'), free);
  const placed = kept.map((index, order) => ({ index, width: given[order]! }));
  return fitLast(placed, columns, free - given.reduce((sum, width) => sum + width, 0));
}

/** Widens columns to what they want, one step each in turn, so that the narrowest are served first. */
function grow(from: readonly number[], wanted: readonly number[], free: number): number[] {
  const widths = [...from];
  let left = free - from.reduce((sum, width) => sum + width, 0);
  while (left > 0) {
    const short = widths.flatMap((width, order) => (width < wanted[order]! ? [order] : []));
    if (short.length === 0) break;
    const narrowest = short.reduce((least, order) => (widths[order]! < widths[least]! ? order : least));
    widths[narrowest]! += 1;
    left -= 1;
  }
  return widths;
}

/** A text column at the end takes what is left: reasons are long. What does not fit at all is cut there. */
function fitLast(placed: PlacedColumn[], columns: readonly ColumnShape[], rest: number): PlacedColumn[] {
  const last = placed.at(-1);
  if (last === undefined || (rest > 0 && columns[last.index]?.kind !== 'text')) return placed;
  return [...placed.slice(0, -1), { ...last, width: Math.max(0, last.width + rest) }];
}
