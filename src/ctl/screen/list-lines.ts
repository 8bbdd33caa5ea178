import { fit } from '../text/width.js';
import { layoutColumns, type PlacedColumn, type WidthMemory } from './layout-columns.js';
import { fitLine, type Glyphs, type Line } from './line.js';
import type { UiState } from './ui-state.js';
import type { Cell, ViewList } from './view-list.js';
import { views } from './views.js';

export interface ListArea {
  width: number;
  /** Rows below the header. */
  rows: number;
  glyphs: Glyphs;
  memory: WidthMemory;
}

/** The header and the rows that can be seen; the only rows for which anything is formatted. */
export function listLines(list: ViewList, state: UiState, area: ListArea): Line[] {
  const position = state.positions[state.view];
  const indexes = list.ids
    .slice(position.top, position.top + area.rows)
    .map((_, offset) => position.top + offset);
  const rows = indexes.map((index) => list.cells(index));
  const gap = area.width < 120 ? 1 : 2;
  // Two columns at the left are for the mark and the cursor.
  const placed = layoutColumns(list.columns, rows, area.width - 2, gap, area.memory);
  const lines = [headerLine(list, state, placed, gap, area)];
  for (const [offset, cells] of rows.entries()) {
    const index = position.top + offset;
    const id = list.ids[index] ?? '';
    lines.push(rowLine(cells, list, placed, gap, area, index === position.index, state.marked.has(id)));
  }
  if (rows.length === 0)
    lines.push(
      fitLine([{ text: `  ${emptyText(list, state)}`, tone: 'muted' }], area.width, area.glyphs.cut),
    );
  while (lines.length < area.rows + 1) lines.push(fitLine([{ text: '' }], area.width, ''));
  return lines;
}

function headerLine(
  list: ViewList,
  state: UiState,
  placed: readonly PlacedColumn[],
  gap: number,
  area: ListArea,
): Line {
  const sort = state.sorts[state.view];
  const cells = placed.map(({ index, width }) => {
    const column = list.columns[index];
    const arrow = sort.reverse ? area.glyphs.ascending : area.glyphs.descending;
    const header = column?.key === sort.key ? `${column.header}${arrow}` : (column?.header ?? '');
    return fit(header, width, column?.alignment, area.glyphs.cut);
  });
  return fitLine(
    [{ text: `  ${cells.join(' '.repeat(gap))}`, bold: true, inverse: true }],
    area.width,
    area.glyphs.cut,
  );
}

function rowLine(
  cells: readonly Cell[],
  list: ViewList,
  placed: readonly PlacedColumn[],
  gap: number,
  area: ListArea,
  current: boolean,
  marked: boolean,
): Line {
  const line: Line = [
    { text: current ? '>' : ' ' },
    { text: marked ? area.glyphs.mark : ' ', tone: 'accent' },
  ];
  for (const [order, { index, width }] of placed.entries()) {
    const cell = cells[index];
    const text = fit(cell?.text ?? '', width, list.columns[index]?.alignment, area.glyphs.cut);
    line.push({ text: order === 0 ? text : ' '.repeat(gap) + text, tone: cell?.tone ?? 'plain' });
  }
  const fitted = fitLine(line, area.width, area.glyphs.cut);
  // A colour on an inverted line is hard to read on one background or the other.
  return current
    ? fitted.map(({ text }) => ({ text, inverse: true }))
    : marked
      ? fitted.map((segment) => ({ ...segment, bold: true }))
      : fitted;
}

function emptyText(list: ViewList, state: UiState): string {
  const noun = views[state.view].plural;
  if (list.connecting > 0 && list.total === 0)
    return `connecting to ${String(list.connecting)} host${list.connecting === 1 ? '' : 's'}`;
  if (!list.answered) return 'no answer yet';
  return list.total > 0 ? `no ${noun} match the filter, / changes it` : `no ${noun}`;
}
