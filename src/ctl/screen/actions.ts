import type { LiveFrame } from '../model/fleet-monitor.js';
import { moveTo, settle } from './position.js';
import { flowTable, type FlowRow } from '../columns/flow-table.js';
import { endsOf } from '../model/connections.js';
import { start, type UiState } from './ui-state.js';
import type { ViewList } from './view-list.js';
import { connectionsOf, everywhere, viewNames, views, type Scope, type ViewName } from './views.js';

/** What an action may look at besides the state. */
export interface Scene {
  frame: LiveFrame;
  list: ViewList;
  /** Rows of the list that fit on the screen. */
  visibleRows: number;
  /** Keys of the columns that are on the screen. */
  shownKeys: readonly string[];
}

type Action = (state: UiState, scene: Scene) => UiState;

/** Steps of `+` and `-`, in seconds. */
const delays = [0.5, 1, 2, 5, 10, 30, 60] as const;

const showActions = Object.fromEntries(
  viewNames.map((name): [string, Action] => [`show ${name}`, (state) => show(state, name)]),
) as Record<`show ${ViewName}`, Action>;

/** Actions that change nothing but what is shown. Names of bindings. */
export const stateActions = {
  openHelp: (state) => ({ ...state, dialog: { kind: 'help', top: 0 } }),
  ...showActions,
  nextView: (state) =>
    show(state, viewNames[(viewNames.indexOf(state.view) + 1) % viewNames.length] ?? 'hosts'),
  goIn,
  goOut,
  openFilter: (state) => openInput(state, 'filter', state.filters[state.view]),
  openDelay: (state) => openInput(state, 'delay', String(state.delaySeconds)),
  openKill,
  toggleMark,
  clearMarks: (state) => ({ ...state, marked: new Set() }),
  sortLeft: (state, { shownKeys }) => shiftSort(state, shownKeys, -1),
  sortRight: (state, { shownKeys }) => shiftSort(state, shownKeys, 1),
  scrollLeft: (state) => scroll(state, state.layouts[state.view].skipped - 1),
  scrollRight: (state, { list }) =>
    scroll(state, Math.min(state.layouts[state.view].skipped + 1, list.columns.length - 2)),
  openColumns: (state) => ({ ...state, dialog: { kind: 'columns', index: 0 } }),
  openDetails,
  reverseSort: (state) => {
    const sort = state.sorts[state.view];
    return { ...state, sorts: { ...state.sorts, [state.view]: { ...sort, reverse: !sort.reverse } } };
  },
  toggleSplit,
  toggleWide,
  toggleFreeze: (state, { frame }) => ({ ...state, frozen: state.frozen === null ? frame : null }),
  slower: (state) => ({
    ...state,
    delaySeconds: delays.find((delay) => delay > state.delaySeconds) ?? state.delaySeconds,
  }),
  faster: (state) => ({
    ...state,
    delaySeconds: delays.findLast((delay) => delay < state.delaySeconds) ?? state.delaySeconds,
  }),
  down: (state, scene) => move(state, scene, state.positions[state.view].index + 1),
  up: (state, scene) => move(state, scene, state.positions[state.view].index - 1),
  pageDown: (state, scene) => move(state, scene, state.positions[state.view].index + scene.visibleRows),
  pageUp: (state, scene) => move(state, scene, state.positions[state.view].index - scene.visibleRows),
  first: (state, scene) => move(state, scene, 0),
  last: (state, scene) => move(state, scene, scene.list.ids.length - 1),
} satisfies Record<string, Action>;

/** Actions that reach beyond the state: into the terminal and the process. */
export const effectNames = ['quit', 'interrupt', 'suspend', 'redraw'] as const;
export type EffectName = (typeof effectNames)[number];

export type ActionName = keyof typeof stateActions | EffectName;

function show(state: UiState, view: ViewName): UiState {
  return { ...state, view, scope: everywhere };
}

function move(state: UiState, { list, visibleRows }: Scene, index: number): UiState {
  const position = moveTo(state.positions[state.view], index, list.ids, visibleRows);
  return { ...state, positions: { ...state.positions, [state.view]: position } };
}

function goIn(state: UiState, { frame }: Scene): UiState {
  const target = views[state.view].goIn(frame, state.positions[state.view].id);
  if (target === null) return state;
  return { ...state, ...target, positions: { ...state.positions, [target.view]: start } };
}

/** Out of what narrows the list most: the filter, then the scope. */
function goOut(state: UiState): UiState {
  if (state.filters[state.view] !== '') return { ...state, filters: { ...state.filters, [state.view]: '' } };
  const { view, keeps } = views[state.view].outer;
  const kept = Object.fromEntries(keeps.map((field) => [field, state.scope[field]])) as Partial<Scope>;
  return { ...state, view, scope: { ...everywhere, ...kept } };
}

function openInput(state: UiState, purpose: 'filter' | 'delay', text: string): UiState {
  return { ...state, dialog: { kind: 'input', purpose, text, before: text, error: '' } };
}

function openKill(state: UiState, { frame, list }: Scene): UiState {
  if (state.view !== 'flows')
    return { ...state, message: { text: 'flows are killed in the flows view: press 3', tone: 'muted' } };
  const current = state.positions.flows.id;
  const wanted = state.marked.size > 0 ? state.marked : new Set([current]);
  const ends = frame.flows.filter((row) => row.state !== 'closed' && wanted.has(flowTable.locate(row)));
  const targets = connectionsOf(frame.flows).rows(ends);
  if (targets.length === 0)
    return { ...state, message: { text: 'there is no living flow to kill', tone: 'muted' } };
  const shown = new Set(list.ids);
  const isHidden = (row: FlowRow): boolean => !endsOf(row).some((end) => shown.has(flowTable.locate(end)));
  const sorted = [...targets.filter(isHidden), ...targets.filter((row) => !isHidden(row))];
  const hidden = targets.filter(isHidden).length;
  return { ...state, dialog: { kind: 'kill', targets: sorted, hidden, top: 0, focus: 'cancel', typed: '' } };
}

function toggleWide(state: UiState): UiState {
  const say = (text: string): UiState => ({ ...state, message: { text, tone: 'muted' } });
  if (state.layouts[state.view].columns !== null)
    return say('the columns of this view are chosen: press c, then r');
  return state.wide ? { ...state, wide: false } : { ...say('what has no room: ] scrolls there'), wide: true };
}

function scroll(state: UiState, skipped: number): UiState {
  const layout = { ...state.layouts[state.view], skipped: Math.max(0, skipped) };
  return { ...state, layouts: { ...state.layouts, [state.view]: layout } };
}

function openDetails(state: UiState, { frame }: Scene): UiState {
  const details = views[state.view].details(frame, state, state.positions[state.view].id);
  return details === null ? state : { ...state, dialog: { kind: 'details', ...details, top: 0 } };
}

/** Marks stay: together again, the row of a connection has the mark that either end had. */
function toggleSplit(state: UiState, { frame }: Scene): UiState {
  if (!state.split) return { ...state, split: true };
  const ends = frame.flows.filter((row) => state.marked.has(flowTable.locate(row)));
  const rows = connectionsOf(frame.flows).rows(ends);
  return { ...state, split: false, marked: new Set(rows.map((row) => flowTable.locate(row))) };
}

function toggleMark(state: UiState, scene: Scene): UiState {
  const { id, index } = settle(state.positions[state.view], scene.list.ids, scene.visibleRows);
  if (state.view !== 'flows' || id === null) return state;
  const marked = new Set(state.marked);
  if (!marked.delete(id)) marked.add(id);
  return move({ ...state, marked }, scene, index + 1);
}

/** Only over columns that are shown; from an order by none of them, to the first or the last. */
function shiftSort(state: UiState, keys: readonly string[], step: 1 | -1): UiState {
  if (keys.length === 0) return state;
  const found = keys.indexOf(state.sorts[state.view].key);
  const index = found < 0 && step < 0 ? 0 : found;
  const key = keys[(index + step + keys.length) % keys.length] ?? keys[0] ?? '';
  return { ...state, sorts: { ...state.sorts, [state.view]: { key, reverse: false } } };
}
