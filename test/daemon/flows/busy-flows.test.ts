import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostConfig, VmConfig } from '../../../src/config/host-config.js';
import { describeHost } from '../../../src/daemon/flows/describe-host.js';
import { FlowTable } from '../../../src/daemon/flows/flow-table.js';
import { VmDirectory } from '../../../src/daemon/flows/vm-directory.js';
import type { Connection } from '../../../src/daemon/observer/connection.js';
import type { LedgerFlow, LedgerReader } from '../../../src/ledger/ledger-flow.js';

function vm(name: string): VmConfig {
  return { name, vni: 100, addresses: ['10.0.0.1'], tenant: 'red' } as VmConfig;
}

function connection(name: string, cookie: bigint): Connection {
  return {
    ...{ vm: name, id: `${name}:${String(cookie)}`, socket: { cookie }, txBytes: 0, rxBytes: 0, meter: null },
  } as Connection;
}

function claim(name: string, cookie: bigint, path: LedgerFlow['path'], reason: string | null): LedgerFlow {
  return { vm: name, cookie, path, reason, ringTxBytes: 0, ringRxBytes: 0 } as LedgerFlow;
}

test('flows that rest on TCP for want of processors are counted, of each VM and of the host', async () => {
  const config = { host: 'alpha', vms: [vm('one'), vm('two')] } as HostConfig;
  const claims = [
    claim('one', 1n, 'shm', null),
    claim('one', 2n, 'tcp', 'busy'),
    claim('one', 3n, 'tcp', 'remote-host'),
    // Claimed by an end that is gone.
    claim('one', 9n, 'tcp', 'busy'),
    claim('two', 1n, 'tcp', 'busy'),
    claim('two', 2n, 'tcp', 'busy'),
  ];
  const open = {
    one: [1n, 2n, 3n, 4n].map((cookie) => connection('one', cookie)),
    two: [1n, 2n].map((cookie) => connection('two', cookie)),
  };
  const observer = {
    observe: () => Promise.resolve(new Map(Object.entries(open))),
    totals: () => ({ txBytes: 0, rxBytes: 0 }),
  };
  const ledger = { flows: () => claims, vms: () => [], note: () => null } as unknown as LedgerReader;
  const table = new FlowTable(
    config,
    new VmDirectory(config.vms),
    observer,
    () => ledger,
    () => null,
    () => null,
    { rows: () => Promise.resolve([]) },
  );
  const snapshot = await table.read();
  assert.deepEqual(
    snapshot.vms.map(({ name, flows, fastFlows, busyFlows }) => [name, flows, fastFlows, busyFlows]),
    [
      ['one', 4, 1, 1],
      ['two', 2, 0, 2],
    ],
  );
  const host = describeHost(config, new Date(), snapshot, { rdmaDevices: 0, rdmaReason: null });
  assert.deepEqual([host.flows, host.fastFlows, host.busyFlows], [6, 1, 3]);
});
