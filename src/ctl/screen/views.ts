import type { Column, Table } from '../columns/column.js';
import type { SortOrder } from '../columns/compare-rows.js';
import { counterTable } from '../columns/counter-table.js';
import { deviceTable } from '../columns/device-table.js';
import { flowTable, type FlowEnd } from '../columns/flow-table.js';
import { hostTable } from '../columns/host-table.js';
import { queuePairTable } from '../columns/queue-pair-table.js';
import { ruleTable } from '../columns/rule-table.js';
import { vmTable } from '../columns/vm-table.js';
import { formatCell } from '../columns/format-value.js';
import { vocabularyOf } from '../columns/vocabulary.js';
import { compileFilter } from '../../filter/compile-filter.js';
import { Connections } from '../model/connections.js';
import type { LiveFrame } from '../model/fleet-monitor.js';
import type { FrameList } from '../model/frame.js';
import type { Field, UiState } from './ui-state.js';
import { listRows, type ViewList } from './view-list.js';

export const viewNames = ['hosts', 'vms', 'flows', 'devices', 'qps', 'counters', 'rules'] as const;
export type ViewName = (typeof viewNames)[number];

/** What one went into: a host’s VMs, a VM’s flows, a device’s queue pairs. Null does not narrow. */
export interface Scope {
  host: string | null;
  vm: string | null;
  device: string | null;
}

export const everywhere: Scope = { host: null, vm: null, device: null };

/** A view of `top`, as data: its tab, its key, its list and the ways in and out follow from it. */
interface Definition<Row> {
  title: string;
  /** For messages: `no VMs`. */
  plural: string;
  table: Table<Row>;
  /** The order at first; the table’s by default. */
  sort?: SortOrder;
  rows: (frame: LiveFrame) => readonly Row[];
  /** Makes fewer rows of those that are in scope and match. */
  fold?: (rows: readonly Row[], frame: LiveFrame, state: UiState) => readonly Row[];
  /** Polled besides VMs and flows while the view is open. */
  polls?: FrameList;
  inner?: { view: ViewName; scope: (row: Row) => Partial<Scope> };
  /** Where Esc leads, and how much of the scope stays. */
  outer: { view: ViewName; keeps: readonly (keyof Scope)[] };
}

/** A row with all that is known of it, nothing cut. */
export interface Details {
  title: string;
  fields: Field[];
}

/** The same without the row’s type, so that all views can be handled alike. */
export interface View {
  title: string;
  plural: string;
  columns: readonly Pick<Column<never>, 'key' | 'header' | 'summary' | 'show'>[];
  sort: SortOrder;
  polls: FrameList | null;
  outer: Definition<never>['outer'];
  /** Rows in scope, filtered and sorted. */
  list: (frame: LiveFrame, state: UiState) => ViewList;
  /** @throws VsocketError when the filter is wrong */
  checkFilter: (text: string) => void;
  /** All there is to know of a row; null where it is gone. */
  details: (frame: LiveFrame, state: UiState, id: string | null) => Details | null;
  /** What is in the row of this id; null where one cannot go in. */
  goIn: (frame: LiveFrame, id: string | null) => { view: ViewName; scope: Scope } | null;
}

function defineView<Row extends { host: string }>(definition: Definition<Row>): View {
  const { title, plural, table, rows, fold = (all) => all, polls = null, inner, outer } = definition;
  const sort = definition.sort ?? { key: table.defaultSort, reverse: false };
  return {
    title,
    plural,
    columns: table.columns,
    sort,
    polls,
    outer,
    // Most keys change nothing of what is listed: its rows are filtered and sorted once.
    list: remembered((frame, state) => {
      const inScope = rows(frame).filter((row) => isInScope(row, state.scope));
      return {
        ...listRows(inScope, table, frame, state, (matching) => fold(matching, frame, state)),
        answered: polls === null || frame.answered.has(polls),
      };
    }),
    checkFilter: (text) => void compileFilter(text, vocabularyOf(table)),
    details: (frame, state, id) => {
      const row = fold(rows(frame), frame, state).find((candidate) => table.locate(candidate) === id);
      if (row === undefined) return null;
      const now = frame.stale.get(row.host) ?? Date.parse(frame.at);
      const fields = table.columns.map((column) => ({
        name: column.header,
        text: formatCell(column, row, { exact: false, now }),
        tone: column.tone?.(row) ?? 'plain',
      }));
      return {
        title: `${table.noun} ${table.identify(row)}`,
        fields: fields.filter(({ text }) => text !== '-'),
      };
    },
    goIn: (frame, id) => {
      const row = rows(frame).find((candidate) => table.locate(candidate) === id);
      if (inner === undefined || row === undefined) return null;
      return { view: inner.view, scope: { ...everywhere, ...inner.scope(row) } };
    },
  };
}

type MakeList = (frame: LiveFrame, state: UiState) => ViewList;

function remembered(make: MakeList): MakeList {
  let last: { inputs: readonly unknown[]; list: ViewList } | null = null;
  return (frame, state) => {
    const { view, filters, sorts, scope, wide, split, layouts } = state;
    const inputs = [frame, filters[view], sorts[view], scope, wide, split, layouts[view]];
    if (last === null || inputs.some((input, index) => input !== last?.inputs[index]))
      last = { inputs, list: make(frame, state) };
    return last.list;
  };
}

function isInScope(row: object, scope: Scope): boolean {
  return Object.entries(scope).every(
    ([field, wanted]: [string, string | null]) =>
      wanted === null || (row as Record<string, unknown>)[field] === wanted,
  );
}

const connectionsByFlows = new WeakMap<readonly FlowEnd[], Connections>();

/** Found once for each frame. */
export function connectionsOf(flows: readonly FlowEnd[]): Connections {
  const known = connectionsByFlows.get(flows) ?? new Connections(flows);
  connectionsByFlows.set(flows, known);
  return known;
}

export const views: Record<ViewName, View> = {
  hosts: defineView({
    title: 'Hosts',
    plural: 'hosts',
    table: hostTable,
    rows: (frame) => frame.hosts,
    inner: { view: 'vms', scope: (row) => ({ host: row.host }) },
    outer: { view: 'hosts', keeps: [] },
  }),
  vms: defineView({
    title: 'VMs',
    plural: 'VMs',
    table: vmTable,
    rows: (frame) => frame.vms,
    inner: { view: 'flows', scope: (row) => ({ host: row.host, vm: row.name }) },
    outer: { view: 'hosts', keeps: [] },
  }),
  flows: defineView({
    title: 'Flows',
    plural: 'flows',
    table: flowTable,
    rows: (frame) => frame.flows,
    fold: (rows, frame, { split }) => (split ? rows : connectionsOf(frame.flows).rows(rows)),
    outer: { view: 'vms', keeps: ['host'] },
  }),
  devices: defineView({
    title: 'Devices',
    plural: 'RDMA devices',
    table: deviceTable,
    rows: (frame) => frame.devices,
    polls: 'devices',
    inner: { view: 'qps', scope: (row) => ({ host: row.host, device: row.device }) },
    outer: { view: 'hosts', keeps: [] },
  }),
  qps: defineView({
    title: 'QPs',
    plural: 'RDMA queue pairs',
    table: queuePairTable,
    rows: (frame) => frame.qps,
    polls: 'qps',
    inner: { view: 'counters', scope: (row) => ({ host: row.host, device: row.device }) },
    outer: { view: 'devices', keeps: ['host'] },
  }),
  counters: defineView({
    title: 'Counters',
    plural: 'RDMA counters',
    table: counterTable,
    sort: { key: 'perSecond', reverse: false },
    rows: (frame) => frame.counters,
    polls: 'counters',
    outer: { view: 'devices', keeps: ['host'] },
  }),
  rules: defineView({
    title: 'Rules',
    plural: 'rules',
    table: ruleTable,
    sort: { key: 'flowBytes', reverse: false },
    rows: (frame) => frame.rules,
    polls: 'rules',
    outer: { view: 'hosts', keeps: [] },
  }),
};

/** Keys of the columns that the open view has. */
export function chosenColumns({ view, layouts, wide }: UiState): readonly string[] {
  const shown = views[view].columns.filter(({ show }) => show === 'always' || (wide && show === 'wide'));
  return layouts[view].columns ?? shown.map(({ key }) => key);
}

/** One value for each view. */
export function forEachView<Value>(make: (name: ViewName) => Value): Record<ViewName, Value> {
  return Object.fromEntries(viewNames.map((name) => [name, make(name)])) as Record<ViewName, Value>;
}
