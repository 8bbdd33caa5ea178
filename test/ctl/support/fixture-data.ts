import { flowReasonCodes, type Flow } from '../../../src/api/flow.js';
import type { Host } from '../../../src/api/host.js';
import type { RowsOf } from '../../../src/api/lists.js';
import { apiRevision, apiVersion } from '../../../src/api/version.js';
import type { Vm } from '../../../src/api/vm.js';
import { fixtureRdma, type FixtureRdma } from './fixture-rdma.js';
import { fixtureRules } from './fixture-rules.js';

/** What one fixture host answers. */
export interface FixtureData extends FixtureRdma {
  rules: RowsOf['rules'][];
  revisions: RowsOf['revisions'][];
  audit: RowsOf['audit'][];
  host: Host;
  vms: Vm[];
  flows: Flow[];
}

const startedAt = '2026-01-01T00:00:00.000Z';

/** A host with two VMs of two tenants, at the same address, and `count` flows of many kinds. */
export function fixtureData(
  name: string,
  count: number,
  vmNames: [string, string] = ['red1', 'blue1'],
): FixtureData {
  const flows = Array.from({ length: count }, (_, index) => fixtureFlow(name, index, vmNames));
  const vms = vmNames.map((vm, index) => fixtureVm(name, vm, index, flows));
  return { host: fixtureHost(name, vms, flows), vms, flows, ...fixtureRdma(name), ...fixtureRules(name) };
}

function fixtureFlow(host: string, index: number, vmNames: [string, string]): Flow {
  const first = index % 2 === 0;
  const vm = first ? vmNames[0] : vmNames[1];
  const fast = index % 3 !== 0;
  return {
    id: `${vm}:${String(5000 + index)}`,
    connectionId: `${host}/${vm}:${String(5000 + index)}`,
    host,
    vm,
    tenant: first ? 'red' : 'blue',
    vni: first ? 100 : 200,
    direction: index % 4 < 2 ? 'out' : 'in',
    localAddress: '10.0.0.1',
    localPort: 40_000 + (index % 20_000),
    remoteAddress: '10.0.0.2',
    remotePort: index % 5 === 0 ? 6379 : 5201,
    remoteHost: null,
    rule: index % 4 < 2 ? 'default' : 'web-http',
    queuePair: null,
    remoteVm: index % 7 === 0 ? null : first ? 'red2' : 'blue2',
    program: index % 11 === 0 ? null : index % 5 === 0 ? 'redis-server' : 'iperf3',
    pid: index % 11 === 0 ? null : 1000 + index,
    path: fast ? 'shm' : 'tcp',
    reason: fast ? null : (flowReasonCodes[index % flowReasonCodes.length] ?? null),
    state: 'established',
    txBytes: index * 123_456,
    rxBytes: index * 7_890,
    txBytesPerSecond: (index * 7919) % 1_000_003,
    rxBytesPerSecond: (index * 104_729) % 500_009,
    establishedAt: new Date(Date.parse(startedAt) + index * 1000).toISOString(),
  };
}

function fixtureVm(host: string, name: string, index: number, flows: readonly Flow[]): Vm {
  const own = flows.filter((flow) => flow.vm === name);
  const sum = (key: 'txBytes' | 'rxBytes' | 'txBytesPerSecond' | 'rxBytesPerSecond'): number =>
    own.reduce((total, flow) => total + (flow[key] ?? 0), 0);
  return {
    name,
    host,
    tenant: index === 0 ? 'red' : 'blue',
    vni: index === 0 ? 100 : 200,
    addresses: ['10.0.0.1'],
    interface: `vif-${name}`,
    problem: null,
    processes: 2,
    flows: own.length,
    fastFlows: own.filter((flow) => flow.path !== 'tcp').length,
    busyFlows: own.filter((flow) => flow.reason === 'busy').length,
    txBytes: sum('txBytes'),
    rxBytes: sum('rxBytes'),
    txBytesPerSecond: sum('txBytesPerSecond'),
    rxBytesPerSecond: sum('rxBytesPerSecond'),
    budgets: [{ name: 'claims', used: 3, limit: 500, exceeded: index }],
    exceeded: index,
  };
}

function fixtureHost(name: string, vms: readonly Vm[], flows: readonly Flow[]): Host {
  return {
    name,
    version: '0.1.0',
    apiVersion,
    apiRevision,
    startedAt,
    vms: vms.length,
    flows: flows.length,
    fastFlows: flows.filter((flow) => flow.path !== 'tcp').length,
    busyFlows: flows.filter((flow) => flow.reason === 'busy').length,
    txBytesPerSecond: vms.reduce((total, vm) => total + vm.txBytesPerSecond, 0),
    rxBytesPerSecond: vms.reduce((total, vm) => total + vm.rxBytesPerSecond, 0),
    rdmaDevices: 1,
    rdmaReason: null,
    upgradeAfterCalls: 4,
    upgradeAfterBytes: 4096,
  };
}
