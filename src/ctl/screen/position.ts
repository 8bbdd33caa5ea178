import type { Position } from './ui-state.js';

/** Puts a position on the rows that are there now, and the window where the cursor can be seen. */
export function settle(position: Position, ids: readonly string[], visibleRows: number): Position {
  const found = position.id === null ? -1 : ids.indexOf(position.id);
  const wanted = position.index === 0 || found < 0 ? position.index : found;
  const index = Math.max(0, Math.min(wanted, ids.length - 1));
  const rows = Math.max(1, visibleRows);
  const lastTop = Math.max(0, ids.length - rows);
  const top = Math.min(Math.max(Math.min(position.top, index), index - rows + 1, 0), lastTop);
  return { id: ids[index] ?? null, index, top };
}

/** Moves the cursor to a row; the id is taken from there. */
export function moveTo(
  position: Position,
  index: number,
  ids: readonly string[],
  visibleRows: number,
): Position {
  const target = Math.max(0, Math.min(index, ids.length - 1));
  return settle({ ...position, index: target, id: ids[target] ?? null }, ids, visibleRows);
}
