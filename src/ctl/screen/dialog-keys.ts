import { VsocketError } from '../../errors/vsocket-error.js';
import { numberToType } from '../model/many-flows.js';
import type { Dialog, UiState } from './ui-state.js';
import { chosenColumns, views } from './views.js';

/** What a key does while a dialog is open. `kill` says that the user confirmed. */
export interface DialogResult {
  state: UiState;
  kill: boolean;
}

type Input = Extract<Dialog, { kind: 'input' }>;
type Kill = Extract<Dialog, { kind: 'kill' }>;
type Columns = Extract<Dialog, { kind: 'columns' }>;

/** Least and longest delay that can be typed, in seconds. */
const delayLimits = { least: 0.2, most: 3600 };

export function dialogKey(state: UiState, dialog: Dialog, key: string): DialogResult {
  const closed = { ...state, dialog: null };
  const stay = (next: Dialog): DialogResult => ({ state: { ...state, dialog: next }, kill: false });
  switch (dialog.kind) {
    case 'help':
    case 'details':
      if (key === 'down' || key === 'j' || key === 'pagedown')
        return stay({ ...dialog, top: dialog.top + 1 });
      if (key === 'up' || key === 'k' || key === 'pageup')
        return stay({ ...dialog, top: Math.max(0, dialog.top - 1) });
      return { state: closed, kill: false };
    case 'columns':
      return { state: columnsKey(state, dialog, key), kill: false };
    case 'kill':
      return killKey(closed, dialog, key, stay);
    case 'input':
      return { state: inputKey(state, dialog, key), kill: false };
  }
}

/** Space takes a column in or out at once; the last one stays. */
function columnsKey(state: UiState, dialog: Columns, key: string): UiState {
  const { columns } = views[state.view];
  const to = (index: number): UiState => ({
    ...state,
    dialog: { ...dialog, index: Math.max(0, Math.min(columns.length - 1, index)) },
  });
  const choose = (chosen: readonly string[] | null): UiState => ({
    ...state,
    layouts: {
      ...state.layouts,
      [state.view]: { ...state.layouts[state.view], columns: chosen, skipped: 0 },
    },
  });
  if (key === 'down' || key === 'j') return to(dialog.index + 1);
  if (key === 'up' || key === 'k') return to(dialog.index - 1);
  if (key === 'home' || key === 'g') return to(0);
  if (key === 'end' || key === 'G') return to(columns.length - 1);
  if (key === 'r') return choose(null);
  if (key !== 'space' && key !== 'x') return { ...state, dialog: null };
  const chosen = new Set(chosenColumns(state));
  const { key: toggled } = columns[dialog.index]!;
  if (!chosen.delete(toggled)) chosen.add(toggled);
  return chosen.size === 0
    ? state
    : choose(columns.map((column) => column.key).filter((one) => chosen.has(one)));
}

function killKey(
  closed: UiState,
  dialog: Kill,
  key: string,
  stay: (next: Dialog) => DialogResult,
): DialogResult {
  const number = numberToType(dialog.targets.length);
  const last = dialog.targets.length - 1;
  if (key === 'escape' || key === 'q' || key === 'n') return { state: closed, kill: false };
  if (key === 'down' || key === 'j') return stay({ ...dialog, top: Math.min(last, dialog.top + 1) });
  if (key === 'up' || key === 'k') return stay({ ...dialog, top: Math.max(0, dialog.top - 1) });
  if (number !== null) {
    if (key === 'enter') return dialog.typed === number ? { state: closed, kill: true } : stay(dialog);
    if (key === 'backspace') return stay({ ...dialog, typed: dialog.typed.slice(0, -1) });
    const typed = /^\d$/.test(key) ? dialog.typed + key : dialog.typed;
    return stay({ ...dialog, typed: typed.slice(0, number.length + 1) });
  }
  if (['left', 'right', 'tab', 'shift-tab', 'h', 'l'].includes(key))
    return stay({ ...dialog, focus: dialog.focus === 'cancel' ? 'kill' : 'cancel' });
  return key === 'enter' ? { state: closed, kill: dialog.focus === 'kill' } : stay(dialog);
}

function inputKey(state: UiState, dialog: Input, key: string): UiState {
  if (key === 'enter') return dialog.error === '' ? { ...state, dialog: null } : state;
  if (key === 'escape') return apply({ ...state, dialog: null }, dialog.purpose, dialog.before);
  const text = editText(dialog.text, key);
  if (text === dialog.text) return state;
  const error = problem(state, dialog.purpose, text);
  const next = { ...state, dialog: { ...dialog, text, error } };
  // What is valid applies while it is typed.
  return error === '' ? apply(next, dialog.purpose, text) : next;
}

function editText(text: string, key: string): string {
  if (key === 'backspace') return [...text].slice(0, -1).join('');
  if (key === 'ctrl-u') return '';
  if (key === 'ctrl-w') return text.replace(/\S*\s*$/, '');
  if (key === 'space') return `${text} `;
  return [...key].length === 1 ? text + key : text;
}

function problem(state: UiState, purpose: Input['purpose'], text: string): string {
  if (purpose === 'delay') {
    const seconds = Number(text);
    const fine = text !== '' && seconds >= delayLimits.least && seconds <= delayLimits.most;
    return fine ? '' : `seconds, ${String(delayLimits.least)} to ${String(delayLimits.most)}`;
  }
  try {
    views[state.view].checkFilter(text);
    return '';
  } catch (error) {
    if (error instanceof VsocketError) return error.message;
    throw error;
  }
}

function apply(state: UiState, purpose: Input['purpose'], text: string): UiState {
  if (purpose === 'delay') return { ...state, delaySeconds: Number(text) };
  return { ...state, filters: { ...state.filters, [state.view]: text } };
}
