import type { Host } from '../../api/host.js';
import { apiRevision, apiVersion } from '../../api/version.js';
import type { Vm } from '../../api/vm.js';
import type { HostConfig } from '../../config/host-config.js';
import { version } from '../version.js';
import type { FlowSnapshot } from './flow-snapshot.js';

/** This hypervisor, with the sums over its VMs. */
export function describeHost(
  config: HostConfig,
  startedAt: Date,
  { vms }: FlowSnapshot,
  rdma: Pick<Host, 'rdmaDevices' | 'rdmaReason'>,
): Host {
  const sum = (
    column: 'flows' | 'fastFlows' | 'busyFlows' | 'txBytesPerSecond' | 'rxBytesPerSecond',
  ): number => vms.reduce((total: number, vm: Vm) => total + vm[column], 0);
  return {
    name: config.host,
    version,
    apiVersion,
    apiRevision,
    startedAt: startedAt.toISOString(),
    vms: vms.length,
    flows: sum('flows'),
    fastFlows: sum('fastFlows'),
    busyFlows: sum('busyFlows'),
    txBytesPerSecond: sum('txBytesPerSecond'),
    rxBytesPerSecond: sum('rxBytesPerSecond'),
    ...rdma,
    upgradeAfterCalls: config.upgradeAfterCalls,
    upgradeAfterBytes: config.upgradeAfterBytes,
  };
}
