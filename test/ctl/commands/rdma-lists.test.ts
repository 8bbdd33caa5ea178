import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { listNames, lists } from '../../../src/api/lists.js';
import { FixtureFleet } from '../support/fixture-fleet.js';

let fleet: FixtureFleet;
before(async () => {
  fleet = await FixtureFleet.start(2);
});
after(() => fleet.stop());

const rdmaLists = listNames.filter(
  (name) =>
    name !== 'vms' && name !== 'flows' && name !== 'rules' && name !== 'revisions' && name !== 'audit',
);

test('each list as JSON has the API’s own form, host by host', async () => {
  for (const name of rdmaLists) {
    const { code, stdout, stderr } = await fleet.run(name, '-o', 'json');
    assert.deepEqual([code, stderr], [0, '']);
    const items = JSON.parse(stdout) as unknown[];
    const expected = [...fleet.alpha.data[name], ...fleet.beta.data[name]];
    const { items: checked } = lists[name].answer.parse({ items, total: items.length });
    assert.equal(checked.length, expected.length);
    for (const row of expected)
      assert.ok(
        items.some((item) => isDeepStrictEqual(item, row)),
        `${name}: ${row.id} of ${row.host}`,
      );
  }
});

async function table(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await fleet.run(...words, '--host', 'alpha');
  assert.deepEqual([code, stderr], [0, '']);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ {2,}/g, '|'));
}

test('tables for people', async () => {
  assert.deepEqual(await table('devices', '--sort-by', 'state'), [
    'DEVICE|HOST|STATE|PHYSICAL|NETDEV|UNUSED|LINK|RATE|MTU|QPS|CQS|MRS',
    'mlx5_0/1|alpha|ACTIVE|LINK_UP|ens1f0|-|Ethernet|100 Gb/s|4096|4|3|1',
    'mlx5_0/2|alpha|DOWN|DISABLED|ens1f1|-|Ethernet|100 Gb/s|4096|4|3|1',
  ]);
  assert.deepEqual(await table('qps', '--limit', '2'), [
    'QUEUE PAIR|HOST|RQPN|TYPE|STATE|SQ PSN|RQ PSN|PID|PROGRAM|PEER HOST|FLOWS|TX/S|RX/S|TX|RX',
    'mlx5_0/1|alpha|-|GSI|RTS|10|-|-|[ib_core]|-|-|-|-|-|-',
    'mlx5_0/17|alpha|117|RC|RTS|10|20|900|vsockd|gamma|5|2.0 KiB/s|512 B/s|121 KiB|7.7 KiB',
  ]);
  assert.deepEqual(await table('cmids', '--no-headers'), [
    'mlx5_0/0|alpha|-|RC|TCP|LISTEN|198.51.100.1:7471|-|901|rping',
  ]);
});

test('a counter is told in its own unit, and sorted and filtered by the bare number', async () => {
  assert.deepEqual(await table('counters', '--sort-by', 'perSecond', '-f', 'value>0'), [
    'DEVICE|HOST|COUNTER|VALUE|PER SECOND|SOURCE|QUEUE PAIRS',
    'mlx5_0/1|alpha|port_xmit_data|4.0 KiB|2.0 KiB/s|port|-',
    'mlx5_0/1|alpha|port_xmit_packets|12|6.0/s|port|-',
  ]);
  assert.deepEqual(await table('counters', '-n', '--no-headers', '-f', 'unit=bytes'), [
    'mlx5_0/1|alpha|port_xmit_data|4096|2048|port|-',
  ]);
});

test('bits a second count in powers of 1000', async () => {
  assert.equal((await table('devices', '-f', 'rateBitsPerSecond>=100G', '--no-headers')).length, 2);
  assert.deepEqual(await table('devices', '-f', 'rateBitsPerSecond>100G', '--no-headers'), ['']);
});

test('one device is filtered at the host, several here', async () => {
  await table('qps', '--device', 'mlx5_0');
  assert.equal(fleet.alpha.requests.at(-1)?.url, 'GET /v1/qps?device=mlx5_0');
  assert.deepEqual(await table('qps', '--device', 'mlx5_9', '--device', 'mlx5_8', '--no-headers'), ['']);
  assert.equal(fleet.alpha.requests.at(-1)?.url, 'GET /v1/qps');
});

test('hosts tell their RDMA devices, or why there is none', async () => {
  Object.assign(fleet.beta.data.host, { rdmaDevices: 0, rdmaReason: 'no RDMA in the kernel' });
  const { stdout } = await fleet.run('hosts', '--no-headers');
  assert.match(stdout, /^alpha .* 1 {2,}-\nbeta .* no RDMA in the kernel {2,}-\n$/);
  const rdmaReason = 'software-rdma: every RDMA device is the kernel’s software';
  Object.assign(fleet.beta.data.host, { rdmaDevices: 1, rdmaReason });
  const software = (await fleet.run('hosts', '--no-headers', '--host', 'beta')).stdout;
  assert.match(software, /^beta .* software-rdma: every RDMA device is the kernel’s software {2,}-\n$/);
  for (const name of rdmaLists) fleet.beta.data[name] = [];
  for (const name of rdmaLists) {
    const { code, stdout: text, stderr } = await fleet.run(name, '-o', 'json', '--host', 'beta');
    assert.deepEqual([code, text, stderr], [0, '[]\n', '']);
  }
});
