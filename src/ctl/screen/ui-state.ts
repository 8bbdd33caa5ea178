import type { Tone } from '../columns/column.js';
import type { SortOrder } from '../columns/compare-rows.js';
import type { FlowRow } from '../columns/flow-table.js';
import type { LiveFrame } from '../model/fleet-monitor.js';
import { everywhere, forEachView, views, type Scope, type ViewName } from './views.js';

/** Where one stands in a list. The cursor follows its row when the order changes, unless it is at the top. */
export interface Position {
  id: string | null;
  index: number;
  top: number;
}

/** How a view’s columns are laid out; remembered from one run to the next. */
export interface ViewLayout {
  /** Keys of those that were chosen; null: those that it has anyway. */
  columns: readonly string[] | null;
  /** Those after the first that are scrolled past. */
  skipped: number;
}

export type Dialog =
  | { kind: 'help'; top: number }
  | { kind: 'columns'; index: number }
  | { kind: 'details'; title: string; fields: readonly Field[]; top: number }
  | { kind: 'input'; purpose: 'filter' | 'delay'; text: string; before: string; error: string }
  | {
      kind: 'kill';
      /** A row each connection; those that the list does not show come first. */
      targets: FlowRow[];
      hidden: number;
      /** First target that the question shows. */
      top: number;
      focus: 'cancel' | 'kill';
      /** What has been typed of the number of flows, where it is the answer. */
      typed: string;
    };

/** One property of a row, with its whole text. */
export interface Field {
  name: string;
  text: string;
  tone: Tone;
}

/** Everything that keys change. Plain data: actions make a new one of the old one. */
export interface UiState {
  view: ViewName;
  scope: Scope;
  positions: Record<ViewName, Position>;
  sorts: Record<ViewName, SortOrder>;
  filters: Record<ViewName, string>;
  marked: ReadonlySet<string>;
  wide: boolean;
  layouts: Record<ViewName, ViewLayout>;
  /** Each end of a connection is a row of its own. */
  split: boolean;
  /** The frame that stays while the world goes on. */
  frozen: LiveFrame | null;
  delaySeconds: number;
  dialog: Dialog | null;
  message: { text: string; tone: 'good' | 'bad' | 'muted' } | null;
}

export interface InitialSettings {
  filter: string;
  sort: SortOrder;
  delaySeconds: number;
  wide: boolean;
  layouts: Record<ViewName, ViewLayout>;
  /** Said at the start; null: nothing. */
  warning: string | null;
}

export const usualLayout: ViewLayout = { columns: null, skipped: 0 };

/** At the first row. */
export const start: Position = { id: null, index: 0, top: 0 };

export function initialState(settings: InitialSettings): UiState {
  return {
    view: 'flows',
    scope: everywhere,
    positions: forEachView(() => start),
    sorts: { ...forEachView((name) => views[name].sort), flows: settings.sort },
    filters: { ...forEachView(() => ''), flows: settings.filter },
    marked: new Set(),
    wide: settings.wide,
    layouts: settings.layouts,
    split: false,
    frozen: null,
    delaySeconds: settings.delaySeconds,
    dialog: null,
    message: settings.warning === null ? null : { text: settings.warning, tone: 'bad' },
  };
}
