import type { SeenRowsOf } from '../../api/lists.js';
import type { HostRow } from '../columns/host-table.js';

/** What `top` knows at one moment; also the form of each line of `top -o json`. */
export interface Frame {
  /** ISO 8601. */
  at: string;
  hosts: HostRow[];
  vms: SeenRowsOf['vms'][];
  flows: SeenRowsOf['flows'][];
  devices: SeenRowsOf['devices'][];
  qps: SeenRowsOf['qps'][];
  rules: SeenRowsOf['rules'][];
  counters: SeenRowsOf['counters'][];
  /** Hosts that failed, one entry each. */
  errors: { host: string; code: string; message: string }[];
}

/** Lists of the API that a frame can have. */
export const frameLists = ['vms', 'flows', 'devices', 'qps', 'counters', 'rules'] as const;
export type FrameList = (typeof frameLists)[number];
