import type { Counter } from '../../api/counter.js';
import type { Device } from '../../api/device.js';
import type { Flow } from '../../api/flow.js';
import type { QueuePair } from '../../api/rdma-resources.js';
import type { Vm } from '../../api/vm.js';
import type { HostRow } from '../columns/host-table.js';

/** What `top` knows at one moment; also the form of each line of `top -o json`. */
export interface Frame<FlowLike = Flow> {
  /** ISO 8601. */
  at: string;
  hosts: HostRow[];
  vms: Vm[];
  flows: FlowLike[];
  devices: Device[];
  qps: QueuePair[];
  counters: Counter[];
  /** Hosts that failed, one entry each. */
  errors: { host: string; code: string; message: string }[];
}

/** Lists of the API that a frame can have. */
export const frameLists = ['vms', 'flows', 'devices', 'qps', 'counters'] as const;
export type FrameList = (typeof frameLists)[number];
