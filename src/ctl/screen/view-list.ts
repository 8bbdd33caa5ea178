import { shownColumns, type Column, type Table, type Tone } from '../columns/column.js';
import { sortRows } from '../columns/compare-rows.js';
import { formatCell } from '../columns/format-value.js';
import { vocabularyOf } from '../columns/vocabulary.js';
import { compileFilter } from '../../filter/compile-filter.js';
import type { LiveFrame } from '../model/fleet-monitor.js';
import type { ColumnShape } from '../layout/layout-columns.js';
import type { UiState } from './ui-state.js';

export interface Cell {
  text: string;
  tone: Tone;
}

/** The rows of the view that is open, filtered and sorted. Cells are made only for rows that are drawn. */
export interface ViewList {
  columns: readonly ColumnShape[];
  /** Whether any host has been asked for it yet. */
  answered: boolean;
  /** Hosts of which nothing is known yet. */
  connecting: number;
  /** There are more rows than these: hosts were asked for the first ones only. */
  isCut: boolean;
  /** Rows before filtering. */
  total: number;
  ids: string[];
  cells: (index: number) => Cell[];
}

/** Just after the columns that are seen at every width. */
const wantedPriority = 5;

/** The columns that were chosen, in the table’s order, or those that it has anyway. */
function columnsIn<Row>(table: Table<Row>, state: UiState): Column<Row>[] {
  const { columns } = state.layouts[state.view];
  const chosen = table.columns.filter(({ key }) => columns?.includes(key) === true);
  if (chosen.length === 0) return shownColumns(table, state.wide);
  // Who asks for one that is not there by itself wants to see it.
  return chosen.map((column) =>
    column.show === 'always' ? column : { ...column, priority: wantedPriority },
  );
}

/** `at` is the frame's own time, so that ages stand still in a frozen frame. */
export function listRows<Row extends { host: string }>(
  rows: readonly Row[],
  table: Table<Row>,
  frame: LiveFrame,
  state: UiState,
  fold: (rows: readonly Row[]) => readonly Row[],
): Omit<ViewList, 'answered'> {
  const sorted = sortRows(
    fold(rows.filter(compileFilter(state.filters[state.view], vocabularyOf(table)))),
    table,
    state.sorts[state.view],
  );
  const columns = columnsIn(table, state);
  const now = Date.parse(frame.at);
  return {
    columns,
    connecting: frame.hosts.filter(({ status }) => status === 'connecting').length,
    isCut: state.view === 'flows' && frame.isCut,
    total: rows.length,
    ids: sorted.map((row) => table.locate(row)),
    cells: (index) => {
      const row = sorted[index];
      if (row === undefined) return [];
      // What is old is dimmed, and does not go on ageing.
      const saidAt = frame.stale.get(row.host);
      return columns.map((column) => ({
        text: formatCell(column, row, { exact: false, now: saidAt ?? now }),
        tone: saidAt === undefined || column.key === 'status' ? (column.tone?.(row) ?? 'plain') : 'muted',
      }));
    },
  };
}
