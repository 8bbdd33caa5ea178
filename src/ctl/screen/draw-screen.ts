import type { LiveFrame } from '../model/fleet-monitor.js';
import { overlayBox } from './box-lines.js';
import { columnLines } from './column-lines.js';
import { detailsLines } from './details-lines.js';
import { helpLines } from './help-lines.js';
import { footerLine } from './footer-line.js';
import { headerHeight, headerLines } from './header-lines.js';
import { killLines, killTitle } from './kill-lines.js';
import type { WidthMemory } from '../layout/layout-columns.js';
import { fitLine, type Glyphs, type Line } from './line.js';
import { listLines } from './list-lines.js';
import type { UiState } from './ui-state.js';
import type { ViewList } from './view-list.js';

export interface Size {
  columns: number;
  rows: number;
}

/** Below this, a table makes no sense. */
export const smallest: Size = { columns: 60, rows: 10 };

export interface DrawOptions {
  size: Size;
  glyphs: Glyphs;
  readonly: boolean;
  memory: WidthMemory;
}

/** Rows of the list that fit: what is left by the header, the column titles and the footer. */
export function listRows(frame: LiveFrame, size: Size): number {
  return Math.max(1, size.rows - headerHeight(frame) - 2);
}

export interface Screen {
  /** Exactly `rows` lines of exactly `columns` columns. */
  lines: Line[];
  /** Keys of the columns that are on it. */
  shownKeys: readonly string[];
}

export function drawScreen(frame: LiveFrame, list: ViewList, state: UiState, options: DrawOptions): Screen {
  const { size, glyphs, readonly, memory } = options;
  const { columns: width } = size;
  if (width < smallest.columns || size.rows < smallest.rows) return { lines: tooSmall(size), shownKeys: [] };
  const rows = listRows(frame, size);
  const { lines, shownKeys } = listLines(list, state, { width, rows, glyphs, memory });
  const whole = [
    ...headerLines(frame, list, state, width, glyphs),
    ...withDialog(lines, state, options),
    footerLine(state, frame, readonly, width, glyphs),
  ];
  return { lines: whole, shownKeys };
}

function withDialog(lines: Line[], state: UiState, { size, glyphs, readonly }: DrawOptions): Line[] {
  const { dialog } = state;
  if (dialog?.kind === 'help') {
    const content = helpLines(readonly, size.columns, lines.length, dialog.top, glyphs);
    return overlayBox(lines, 'Keys (any key closes, j k scroll)', content, size.columns, glyphs);
  }
  // Lines and columns that a box leaves for what is in it.
  const [height, width] = [lines.length - 2, size.columns - 6];
  if (dialog?.kind === 'columns')
    return overlayBox(lines, columnsTitle, columnLines(state, dialog, height), size.columns, glyphs);
  if (dialog?.kind === 'details') {
    const title = `${dialog.title} (any key closes, j k scroll)`;
    return overlayBox(lines, title, detailsLines(dialog, width, height), size.columns, glyphs);
  }
  if (dialog?.kind === 'kill') {
    const content = killLines(dialog, width, height, glyphs);
    return overlayBox(lines, killTitle(dialog), content, size.columns, glyphs);
  }
  return lines;
}

const columnsTitle = 'Columns (space in or out, r as they were, any other key closes)';

function tooSmall(size: Size): Line[] {
  const text = `window too small: ${String(size.columns)}x${String(size.rows)}, needs ${String(smallest.columns)}x${String(smallest.rows)}`;
  return Array.from({ length: size.rows }, (_, row) =>
    fitLine([{ text: row === 0 ? text : '' }], size.columns, ''),
  );
}
