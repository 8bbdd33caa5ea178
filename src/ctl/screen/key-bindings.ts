import type { ActionName } from './actions.js';
import { viewNames, views } from './views.js';

/** What a key does where a list is shown. The help, the footer and the read-only mode come from this table. */
export interface KeyBinding {
  keys: readonly string[];
  /** How the keys are written in help. */
  label: string;
  summary: string;
  action: ActionName;
  /** Changes something on a host; not there in read-only mode. */
  changes?: boolean;
  /** Shown in the footer under this short word. */
  hint?: string;
}

export const keyBindings: readonly KeyBinding[] = [
  { keys: ['?'], label: '?', summary: 'this help', action: 'openHelp', hint: 'help' },
  { keys: ['q'], label: 'q', summary: 'quit', action: 'quit', hint: 'quit' },
  ...viewNames.map((name, index): KeyBinding => ({
    keys: [String(index + 1)],
    label: String(index + 1),
    summary: `all ${views[name].plural}`,
    action: `show ${name}`,
  })),
  { keys: ['tab'], label: 'Tab', summary: 'next view', action: 'nextView' },
  {
    keys: ['enter', 'l', 'right'],
    label: 'Enter l →',
    summary: 'go in: a host’s VMs, a VM’s flows, a device’s QPs',
    action: 'goIn',
    hint: 'in',
  },
  {
    keys: ['escape', 'h', 'left'],
    label: 'Esc h ←',
    summary: 'take the filter away, then go out again',
    action: 'goOut',
    hint: 'out',
  },
  {
    keys: ['/'],
    label: '/',
    summary: 'filter, in the language of vsockctl help filters',
    action: 'openFilter',
    hint: 'filter',
  },
  {
    keys: ['K'],
    label: 'K',
    summary: 'kill the marked flows, or the one under the cursor',
    action: 'openKill',
    changes: true,
    hint: 'kill',
  },
  {
    keys: ['space'],
    label: 'Space',
    summary: 'mark a flow, or take the mark away',
    action: 'toggleMark',
    changes: true,
    hint: 'mark',
  },
  { keys: ['u'], label: 'u', summary: 'take all marks away', action: 'clearMarks', changes: true },
  { keys: ['<'], label: '<', summary: 'sort by the column to the left', action: 'sortLeft', hint: 'sort' },
  { keys: ['>'], label: '>', summary: 'sort by the column to the right', action: 'sortRight', hint: 'sort' },
  { keys: ['r'], label: 'r', summary: 'reverse the order', action: 'reverseSort', hint: 'reverse' },
  {
    keys: ['i'],
    label: 'i',
    summary: 'all of this row, nothing cut: names, reasons',
    action: 'openDetails',
    hint: 'info',
  },
  { keys: ['c'], label: 'c', summary: 'choose columns; remembered', action: 'openColumns', hint: 'columns' },
  { keys: ['['], label: '[', summary: 'scroll sideways, to the left', action: 'scrollLeft' },
  { keys: [']'], label: ']', summary: 'scroll sideways, to the right; remembered', action: 'scrollRight' },
  {
    keys: ['x'],
    label: 'x',
    summary: 'split connections: each end a row of its own, or not',
    action: 'toggleSplit',
    hint: 'split',
  },
  {
    keys: ['w'],
    label: 'w',
    summary: 'more columns; remembered',
    action: 'toggleWide',
    hint: 'wide',
  },
  {
    keys: ['Z'],
    label: 'Z',
    summary: 'freeze what is shown; scrolling goes on',
    action: 'toggleFreeze',
    hint: 'freeze',
  },
  { keys: ['d'], label: 'd', summary: 'set the delay between two rounds', action: 'openDelay' },
  { keys: ['+'], label: '+', summary: 'longer delay', action: 'slower' },
  { keys: ['-'], label: '-', summary: 'shorter delay', action: 'faster' },
  { keys: ['down', 'j'], label: '↓ j', summary: 'down', action: 'down' },
  { keys: ['up', 'k'], label: '↑ k', summary: 'up', action: 'up' },
  { keys: ['pagedown', 'ctrl-f'], label: 'PgDn', summary: 'a page down', action: 'pageDown' },
  { keys: ['pageup', 'ctrl-b'], label: 'PgUp', summary: 'a page up', action: 'pageUp' },
  { keys: ['home', 'g'], label: 'Home g', summary: 'to the first row', action: 'first' },
  { keys: ['end', 'G'], label: 'End G', summary: 'to the last row', action: 'last' },
  { keys: ['ctrl-l'], label: 'Ctrl-L', summary: 'draw the screen anew', action: 'redraw' },
  { keys: ['ctrl-c'], label: 'Ctrl-C', summary: 'interrupt: quit with exit code 130', action: 'interrupt' },
  { keys: ['ctrl-z'], label: 'Ctrl-Z', summary: 'suspend; fg brings it back', action: 'suspend' },
];

/** The bindings that are live. */
export function liveBindings(readonly: boolean): readonly KeyBinding[] {
  return readonly ? keyBindings.filter((binding) => binding.changes !== true) : keyBindings;
}
