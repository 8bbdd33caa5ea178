import type { LiveFrame } from '../model/fleet-monitor.js';
import { moveTo, settle } from './position.js';
import { viewNames, viewTables, type UiState, type ViewName } from './ui-state.js';
import type { ViewList } from './view-list.js';

/** What an action may look at besides the state. */
export interface Scene {
  frame: LiveFrame;
  list: ViewList;
  /** Rows of the list that fit on the screen. */
  visibleRows: number;
}

type Action = (state: UiState, scene: Scene) => UiState;

/** Steps of `+` and `-`, in seconds. */
const delays = [0.5, 1, 2, 5, 10, 30, 60] as const;

/** Actions that change nothing but what is shown. Names of bindings. */
export const stateActions = {
  openHelp: (state) => ({ ...state, dialog: { kind: 'help', top: 0 } }),
  showHosts: (state) => show(state, 'hosts'),
  showVms: (state) => show(state, 'vms'),
  showFlows: (state) => show(state, 'flows'),
  nextView: (state) =>
    show(state, viewNames[(viewNames.indexOf(state.view) + 1) % viewNames.length] ?? 'hosts'),
  goIn,
  goOut,
  openFilter: (state) => openInput(state, 'filter', state.filters[state.view]),
  openDelay: (state) => openInput(state, 'delay', String(state.delaySeconds)),
  openKill,
  toggleMark,
  clearMarks: (state) => ({ ...state, marked: new Set() }),
  sortLeft: (state) => shiftSort(state, -1),
  sortRight: (state) => shiftSort(state, 1),
  reverseSort: (state) => {
    const sort = state.sorts[state.view];
    return { ...state, sorts: { ...state.sorts, [state.view]: { ...sort, reverse: !sort.reverse } } };
  },
  toggleWide: (state) => ({ ...state, wide: !state.wide }),
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
  return { ...state, view, scope: { host: null, vm: null } };
}

function move(state: UiState, { list, visibleRows }: Scene, index: number): UiState {
  const position = moveTo(state.positions[state.view], index, list.ids, visibleRows);
  return { ...state, positions: { ...state.positions, [state.view]: position } };
}

function goIn(state: UiState, { frame }: Scene): UiState {
  const id = state.positions[state.view].id;
  const start = { id: null, index: 0, top: 0 };
  if (state.view === 'hosts') {
    const row = frame.hosts.find((host) => viewTables.hosts.locate(host) === id);
    if (row === undefined) return state;
    return {
      ...state,
      view: 'vms',
      scope: { host: row.host, vm: null },
      positions: { ...state.positions, vms: start },
    };
  }
  const row = state.view === 'vms' ? frame.vms.find((vm) => viewTables.vms.locate(vm) === id) : undefined;
  if (row === undefined) return state;
  return {
    ...state,
    view: 'flows',
    scope: { host: row.host, vm: row.name },
    positions: { ...state.positions, flows: start },
  };
}

function goOut(state: UiState): UiState {
  if (state.view === 'flows') return { ...state, view: 'vms', scope: { host: state.scope.host, vm: null } };
  return { ...state, view: 'hosts', scope: { host: null, vm: null } };
}

function openInput(state: UiState, purpose: 'filter' | 'delay', text: string): UiState {
  return { ...state, dialog: { kind: 'input', purpose, text, before: text, error: '' } };
}

function openKill(state: UiState, { frame }: Scene): UiState {
  if (state.view !== 'flows')
    return { ...state, message: { text: 'flows are killed in the flows view: press 3', tone: 'muted' } };
  const current = state.positions.flows.id;
  const wanted = state.marked.size > 0 ? state.marked : new Set([current]);
  const targets = frame.flows.filter(
    (row) => row.state !== 'closed' && wanted.has(viewTables.flows.locate(row)),
  );
  if (targets.length === 0)
    return { ...state, message: { text: 'there is no living flow to kill', tone: 'muted' } };
  return { ...state, dialog: { kind: 'kill', targets, focus: 'cancel' } };
}

function toggleMark(state: UiState, scene: Scene): UiState {
  const { id, index } = settle(state.positions[state.view], scene.list.ids, scene.visibleRows);
  if (state.view !== 'flows' || id === null) return state;
  const marked = new Set(state.marked);
  if (!marked.delete(id)) marked.add(id);
  return move({ ...state, marked }, scene, index + 1);
}

function shiftSort(state: UiState, step: number): UiState {
  const keys = viewTables[state.view].columns.map((column) => column.key);
  const index = keys.indexOf(state.sorts[state.view].key);
  const key = keys[(index + step + keys.length) % keys.length] ?? keys[0] ?? '';
  return { ...state, sorts: { ...state.sorts, [state.view]: { key, reverse: false } } };
}
