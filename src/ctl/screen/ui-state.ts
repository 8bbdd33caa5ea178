import type { SortOrder } from '../columns/compare-rows.js';
import { flowTable, type FlowRow } from '../columns/flow-table.js';
import { hostTable } from '../columns/host-table.js';
import { vmTable } from '../columns/vm-table.js';
import type { LiveFrame } from '../model/fleet-monitor.js';

export const viewNames = ['hosts', 'vms', 'flows'] as const;
export type ViewName = (typeof viewNames)[number];

/** Where one stands in a list. The cursor follows its row when the order changes, unless it is at the top. */
export interface Position {
  id: string | null;
  index: number;
  top: number;
}

export type Dialog =
  | { kind: 'help'; top: number }
  | { kind: 'input'; purpose: 'filter' | 'delay'; text: string; before: string; error: string }
  | { kind: 'kill'; targets: FlowRow[]; focus: 'cancel' | 'kill' };

/** Everything that keys change. Plain data: actions make a new one of the old one. */
export interface UiState {
  view: ViewName;
  /** What one went into: a host's VMs, a VM's flows. */
  scope: { host: string | null; vm: string | null };
  positions: Record<ViewName, Position>;
  sorts: Record<ViewName, SortOrder>;
  filters: Record<ViewName, string>;
  marked: ReadonlySet<string>;
  wide: boolean;
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
}

export function initialState(settings: InitialSettings): UiState {
  const start: Position = { id: null, index: 0, top: 0 };
  return {
    view: 'flows',
    scope: { host: null, vm: null },
    positions: { hosts: start, vms: start, flows: start },
    sorts: {
      hosts: { key: hostTable.defaultSort, reverse: false },
      vms: { key: vmTable.defaultSort, reverse: false },
      flows: settings.sort,
    },
    filters: { hosts: '', vms: '', flows: settings.filter },
    marked: new Set(),
    wide: settings.wide,
    frozen: null,
    delaySeconds: settings.delaySeconds,
    dialog: null,
    message: null,
  };
}

export const viewTables = { hosts: hostTable, vms: vmTable, flows: flowTable };
