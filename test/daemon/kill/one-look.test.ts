import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostConfig } from '../../../src/config/host-config.js';
import type { SeenFlow } from '../../../src/daemon/flows/flow-row.js';
import { FlowSnapshot } from '../../../src/daemon/flows/flow-snapshot.js';
import type { FlowTable } from '../../../src/daemon/flows/flow-table.js';
import { attendedPause, FlowWatch, idlePause } from '../../../src/daemon/flows/flow-watch.js';
import { VmDirectory } from '../../../src/daemon/flows/vm-directory.js';
import { FlowKiller } from '../../../src/daemon/kill/flow-killer.js';
import { matchingFlows } from '../../../src/daemon/kill/kill-request.js';
import { createLog } from '../../../src/daemon/log.js';
import type { Connection } from '../../../src/daemon/observer/connection.js';
import { HostObserver } from '../../../src/daemon/observer/host-observer.js';

const { vms } = HostConfig.parse({
  host: 'hva',
  runtimeDirectory: '/nonexistent',
  auditLog: '/nonexistent/audit.jsonl',
  vms: [
    {
      name: 'one',
      tenant: 'red',
      vni: 100,
      interface: 'v1',
      addresses: ['10.0.0.1'],
      mac: '02:00:00:00:00:02',
      networkNamespace: '/nonexistent/netns',
      memory: { path: '/nonexistent/memory' },
      channel: '/nonexistent/channel.sock',
    },
  ],
});

const place = { host: 'hva', directory: new VmDirectory(vms), notes: null, ruleOf: () => null };

function seenFlow(cookie: number): SeenFlow {
  const connection: Connection = {
    vm: 'one',
    id: `one:${cookie}`,
    socket: {
      cookie: BigInt(cookie),
      family: 2,
      state: 1,
      localAddress: '10.0.0.1',
      localPort: cookie,
      remoteAddress: '10.0.0.2',
      remotePort: 80,
      receiveQueue: 0,
      counters: null,
      id: Buffer.alloc(48),
    },
    direction: 'out',
    txBytes: 0,
    rxBytes: 0,
    firstSeenAt: 0,
    meter: null,
  };
  const nothing = { txBytes: 0, rxBytes: 0, txBytesPerSecond: 0, rxBytesPerSecond: 0 };
  return { vm: vms[0]!, connection, claim: undefined, ...nothing };
}

test('a kill of many flows, request by request, looks at all sockets of the host once', async () => {
  const open = new Set(Array.from({ length: 2000 }, (_, index) => `one:${index + 1}`));
  let looks = 0;
  const table: Pick<FlowTable, 'read'> = {
    read: () => {
      looks += 1;
      const seen = [...open].map((id) => seenFlow(Number(id.slice(4))));
      return Promise.resolve(new FlowSnapshot(place, [], seen));
    },
  };
  const log = createLog();
  log.level = 'silent';
  const watch = new FlowWatch(table, new HostObserver([], '/nonexistent/totals.json', log), log);
  const isOpen = ({ id }: Connection): boolean => open.has(id);
  const killer = new FlowKiller({
    resetFastPaths: () => undefined,
    resetConnections: (targets, whenFrozen) => {
      whenFrozen();
      for (const { flow } of targets) open.delete(flow.id);
      return Promise.resolve();
    },
    isOpen,
    diagnosis: () => undefined,
  });
  try {
    const ids = [...open];
    await watch.snapshot();
    for (let start = 0; start < ids.length; start += 500) {
      const request = { ids: ids.slice(start, start + 500) };
      const flows = await matchingFlows(request, watch, place.directory, isOpen);
      assert.equal(flows.length, 500);
      const outcomes = await killer.kill(flows);
      assert.ok(outcomes.every(({ outcome }) => outcome === 'reset'));
      // What is gone is not found, though the table is from before.
      assert.deepEqual(await matchingFlows(request, watch, place.directory, isOpen), []);
    }
    assert.equal(looks, 1);
    // One that is younger than the table is looked for.
    open.add('one:9000');
    assert.equal((await matchingFlows({ ids: ['one:9000'] }, watch, place.directory, isOpen)).length, 1);
    assert.equal(looks, 2);
  } finally {
    await watch.stop();
  }
});

test('programs are told of a reset when no FIN of theirs can pass any more, and not before', async () => {
  const order: string[] = [];
  const killer = new FlowKiller({
    resetFastPaths: (sockets) => void order.push(`fast paths of ${sockets.length}`),
    resetConnections: async (_targets, whenFrozen) => {
      order.push('asked');
      await Promise.resolve();
      order.push('frozen');
      whenFrozen();
      order.push('resets');
    },
    isOpen: () => false,
    diagnosis: () => undefined,
  });
  const seen = seenFlow(1);
  const snapshot = new FlowSnapshot(place, [], [seen]);
  await killer.kill([snapshot.find(seen.connection.id)!]);
  assert.deepEqual(order, ['asked', 'frozen', 'fast paths of 1', 'resets']);
});

test('nobody watching, at most a two-hundredth of the time goes into looking', () => {
  assert.equal(idlePause(3), 5000);
  assert.equal(idlePause(200), 40_000);
});

test('while somebody asks, at most a fifth of the time goes into looking unasked', () => {
  assert.equal(attendedPause(1500), 6000);
});
