import { displayWidth, fit } from '../text/width.js';
import { alignmentOf, fitCells, spanningText, widthFrom } from '../layout/fit-cells.js';
import {
  gapFor,
  layoutColumns,
  layoutFrom,
  type PlacedColumn,
  type WidthMemory,
} from '../layout/layout-columns.js';
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

/** Columns at the left for the cursor and the mark. */
const margin = 2;

/** What all lines of a list have in common. */
interface Grid {
  list: ViewList;
  placed: readonly PlacedColumn[];
  /** Columns after the first that are scrolled past. */
  skipped: number;
  gap: number;
  area: ListArea;
}

/** The header and the rows that can be seen; the only rows for which anything is formatted. */
export function listLines(
  list: ViewList,
  state: UiState,
  area: ListArea,
): { lines: Line[]; shownKeys: string[] } {
  const { top, index: cursor } = state.positions[state.view];
  const ids = list.ids.slice(top, top + area.rows);
  const rows = ids.map((_, offset) => list.cells(top + offset));
  const texts = rows.map((cells) => cells.map(({ text }) => text));
  const gap = gapFor(area.width);
  const room = { width: area.width - margin, gap, memory: area.memory };
  const skipped = Math.min(state.layouts[state.view].skipped, list.columns.length - 2);
  const placed =
    skipped > 0 ? layoutFrom(list.columns, texts, room, skipped) : layoutColumns(list.columns, texts, room);
  const grid: Grid = { list, placed, skipped, gap, area };
  const lines = [headerLine(grid, state)];
  for (const [offset, fitted] of fitCells(list.columns, texts, grid.placed, area.glyphs.cut).entries()) {
    const line = rowLine(grid, rows[offset]!, fitted, state.marked.has(ids[offset]!));
    lines.push(top + offset === cursor ? underCursor(line) : line);
  }
  if (rows.length === 0)
    lines.push(
      fitLine([{ text: `  ${emptyText(list, state)}`, tone: 'muted' }], area.width, area.glyphs.cut),
    );
  while (lines.length < area.rows + 1) lines.push(fitLine([{ text: '' }], area.width, ''));
  return { lines, shownKeys: placed.map(({ index }) => list.columns[index]!.key) };
}

/** The titles; at the left it says whether there are columns to either side that are not shown. */
function headerLine({ list, placed, skipped, gap, area }: Grid, state: UiState): Line {
  const sort = state.sorts[state.view];
  const cells = placed.map(({ index, width }) => {
    const column = list.columns[index]!;
    const arrow = sort.reverse ? area.glyphs.ascending : area.glyphs.descending;
    const isSorted = column.key === sort.key;
    const room = isSorted ? width - displayWidth(arrow) : width;
    const header = fit(column.header, Math.min(room, displayWidth(column.header)), 'left', area.glyphs.cut);
    return fit(isSorted ? header + arrow : header, width, alignmentOf(column), area.glyphs.cut);
  });
  const { glyphs } = area;
  const toTheLeft = skipped > 0 ? glyphs.toTheLeft : ' ';
  const toTheRight = placed.length + skipped < list.columns.length ? glyphs.toTheRight : ' ';
  return fitLine(
    [{ text: `${toTheLeft}${toTheRight}${cells.join(' '.repeat(gap))}`, bold: true, inverse: true }],
    area.width,
    area.glyphs.cut,
  );
}

function rowLine({ list, placed, gap, area }: Grid, cells: Cell[], texts: string[], marked: boolean): Line {
  const line: Line = [{ text: ' ' }, { text: marked ? area.glyphs.mark : ' ', tone: 'accent' }];
  const spanning = spanningText(
    list.columns,
    cells.map(({ text }) => text),
    placed,
  );
  const width = area.width - margin;
  for (const [order, { index }] of placed.entries()) {
    const before = order === 0 ? '' : ' '.repeat(gap);
    if (order === spanning?.order) {
      const text = fit(spanning.text, widthFrom(placed, order, width, gap), 'left', area.glyphs.cut);
      line.push({ text: before + text, tone: cells[spanning.index]?.tone ?? 'plain' });
      break;
    }
    line.push({ text: before + texts[order]!, tone: cells[index]?.tone ?? 'plain' });
  }
  const fitted = fitLine(line, area.width, area.glyphs.cut);
  return marked ? fitted.map((segment) => ({ ...segment, bold: true })) : fitted;
}

/** A colour on an inverted line is hard to read on one background or the other. */
function underCursor([, ...rest]: Line): Line {
  return [{ text: '>' }, ...rest].map(({ text }) => ({ text, inverse: true }));
}

function emptyText(list: ViewList, state: UiState): string {
  const noun = views[state.view].plural;
  if (list.connecting > 0 && list.total === 0)
    return `connecting to ${String(list.connecting)} host${list.connecting === 1 ? '' : 's'}`;
  if (!list.answered) return 'no answer yet';
  return list.total > 0 ? `no ${noun} match the filter, / changes it` : `no ${noun}`;
}
