import type { Flow } from '../../api/flow.js';
import type { Vm } from '../../api/vm.js';
import type { HostRow } from '../columns/host-table.js';

/** What `top` knows at one moment; also the form of each line of `top -o json`. */
export interface Frame<FlowLike = Flow> {
  /** ISO 8601. */
  at: string;
  hosts: HostRow[];
  vms: Vm[];
  flows: FlowLike[];
  /** Hosts that failed, one entry each. */
  errors: { host: string; code: string; message: string }[];
}
