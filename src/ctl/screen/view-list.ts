import { isNumeric, shownColumns, type Kind, type Table, type Tone } from '../columns/column.js';
import { sortRows } from '../columns/compare-rows.js';
import { formatValue } from '../columns/format-value.js';
import { compileFilter } from '../filter/compile-filter.js';
import type { LiveFrame } from '../model/fleet-monitor.js';
import { viewTables, type UiState } from './ui-state.js';

export interface ViewColumn {
  key: string;
  header: string;
  kind: Kind;
  alignment: 'left' | 'right';
  priority: number;
  maximumWidth: number;
}

export interface Cell {
  text: string;
  tone: Tone;
}

/** The rows of the view that is open, filtered and sorted. Cells are made only for rows that are drawn. */
export interface ViewList {
  columns: ViewColumn[];
  /** Rows before filtering. */
  total: number;
  ids: string[];
  cells: (index: number) => Cell[];
}

/** `at` is the frame's own time, so that ages stand still in a frozen frame. */
export function listView(frame: LiveFrame, state: UiState): ViewList {
  const { host, vm } = state.scope;
  switch (state.view) {
    case 'hosts':
      return listRows(frame.hosts, viewTables.hosts, frame, state);
    case 'vms':
      return listRows(
        frame.vms.filter((row) => host === null || row.host === host),
        viewTables.vms,
        frame,
        state,
      );
    case 'flows': {
      const inScope = frame.flows.filter(
        (row) => (host === null || row.host === host) && (vm === null || row.vm === vm),
      );
      return listRows(inScope, viewTables.flows, frame, state);
    }
  }
}

function listRows<Row>(rows: readonly Row[], table: Table<Row>, frame: LiveFrame, state: UiState): ViewList {
  const sorted = sortRows(
    rows.filter(compileFilter(state.filters[state.view], table)),
    table,
    state.sorts[state.view],
  );
  const columns = shownColumns(table, state.wide);
  const options = { exact: false, now: Date.parse(frame.at) };
  return {
    columns: columns.map(({ key, header, kind, priority, maximumWidth }) => ({
      key,
      header,
      kind,
      priority,
      maximumWidth,
      alignment: isNumeric(kind) ? 'right' : 'left',
    })),
    total: rows.length,
    ids: sorted.map((row) => table.locate(row)),
    cells: (index) => {
      const row = sorted[index];
      if (row === undefined) return [];
      return columns.map((column) => ({
        text: formatValue(column.value(row), column.kind, options),
        tone: column.tone?.(row) ?? 'plain',
      }));
    },
  };
}
