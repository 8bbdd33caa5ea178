import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { test } from 'node:test';
import type { Counter } from '../../../src/api/counter.js';
import type { Flow } from '../../../src/api/flow.js';
import type { HostLink } from '../../../src/api/host-link.js';
import type { QueuePair } from '../../../src/api/rdma-resources.js';
import type { RdmaLab } from '../support/rdma-lab.js';

const streams = new URL('../../../../test/fixtures/numbered_streams.py', import.meta.url).pathname;
const streamPort = 5000;
const redisPort = 6379;

/** Flows between VMs of the two machines, red1 (hv1) and red3 (hv2), on path `rdma`. */
export function carryCases(shared: () => RdmaLab): void {
  const list = async <Row>(name: string, ...words: string[]): Promise<Row[]> => {
    const { code, stdout, stderr } = await shared().vsockctl(name, '-o', 'json', ...words);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Row[];
  };
  const untilLinks = (what: string, holds: (link: HostLink) => boolean): Promise<void> =>
    shared().until(`links: ${what}`, async () => (await list<HostLink>('links')).every(holds));
  const overRdma = (): Promise<void> => untilLinks('up with RDMA', ({ path }) => path === 'rdma');
  const flowsTo = async (port: number): Promise<Flow[]> =>
    (await list<Flow>('flows')).filter(
      ({ localPort, remotePort }) => localPort === port || remotePort === port,
    );
  const sentPackets = async (host: string): Promise<number> => {
    const counters = await list<Counter>('counters', '--host', host, '-f', 'name=sent_pkts');
    return counters.reduce((sum, { value }) => sum + value, 0);
  };

  test('each queue pair of a link is in RTS and knows the number of its other end', async () => {
    await overRdma();
    const pairs = await list<QueuePair>('qps', '-f', 'type=RC peerHost!=-');
    const numbers = (host: string, of: 'lqpn' | 'rqpn'): (number | null)[] =>
      pairs.filter((pair) => pair.host === host).map((pair) => pair[of]);
    assert.equal(pairs.length, 4);
    assert.deepEqual(new Set(pairs.map(({ state }) => state)), new Set(['RTS']));
    assert.deepEqual(numbers('hv1', 'lqpn').sort(), numbers('hv2', 'rqpn').sort());
    assert.deepEqual(numbers('hv2', 'lqpn').sort(), numbers('hv1', 'rqpn').sort());
    assert.deepEqual(
      new Set(pairs.map(({ host, peerHost }) => `${host} ${peerHost}`)),
      new Set(['hv1 hv2', 'hv2 hv1']),
    );
  });

  test('Redis between the two hosts goes by RDMA, and both hosts say so', async () => {
    const serve = [
      'redis-server',
      '--port',
      String(redisPort),
      '--bind',
      '0.0.0.0',
      '--protected-mode',
      'no',
      '--save',
      '',
    ];
    const server = shared().spawnInVm('red3', [...serve, '--dir', '/']);
    try {
      await shared().untilListens('red3', redisPort);
      const client = shared().spawnInVm('red1', [
        ...[
          'redis-benchmark',
          '-h',
          '10.0.0.3',
          '-p',
          String(redisPort),
          '-t',
          'set',
          '-c',
          '2',
          '-n',
          '1000000',
        ],
      ]);
      try {
        await shared().until('flows of both hosts are on rdma', async () => {
          const flows = await flowsTo(redisPort);
          return flows.filter(({ path, queuePair }) => path === 'rdma' && queuePair !== null).length >= 4;
        });
        const [before] = await flowsTo(redisPort);
        await shared().until('its bytes move', async () => {
          const after = (await flowsTo(redisPort)).find(({ id }) => id === before?.id);
          return (after?.txBytes ?? 0) > (before?.txBytes ?? 0);
        });
        const pairs = await list<QueuePair>('qps', '-f', 'peerHost!=-');
        assert.ok(pairs.every(({ flows }) => flows !== null));
        assert.equal(pairs.reduce((sum, { flows }) => sum + (flows ?? 0), 0) >= 4, true);
      } finally {
        await shared().end(client);
      }
    } finally {
      await shared().end(server);
    }
  });

  test('iperf3 goes by RDMA: queue pairs and the device’s counters move by what it sent', async () => {
    const carried = async (): Promise<number> =>
      (await list<QueuePair>('qps', '--host', 'hv1', '-f', 'peerHost!=-')).reduce(
        (sum, { txBytes }) => sum + (txBytes ?? 0),
        0,
      );
    const [bytesBefore, packetsBefore] = [await carried(), await sentPackets('hv1')];
    const server = shared().spawnInVm('red3', ['iperf3', '--server', '--one-off']);
    try {
      await shared().untilListens('red3', 5201);
      const words = ['iperf3', '--client', '10.0.0.3', '--bytes', '16M', '--json'];
      const report = JSON.parse(await shared().inVm('red1', words)) as {
        end: { sum_received: { bytes: number } };
      };
      assert.ok(report.end.sum_received.bytes > 15 * 1024 * 1024);
    } finally {
      await shared().end(server);
    }
    await shared().until(
      'the queue pairs have counted',
      async () => (await carried()) - bytesBefore > 4 * 1024 * 1024,
    );
    const bytes = (await carried()) - bytesBefore;
    const packets = (await sentPackets('hv1')) - packetsBefore;
    assert.ok(packets >= bytes / 4096, `${packets} packets for ${bytes} bytes`);
  });

  /** Numbered streams both ways, each byte checked, while `disturb` does its worst. */
  async function whileStreaming(disturb: () => Promise<void>, connections: number): Promise<void> {
    await overRdma();
    const server = shared().spawnInVm('red3', ['python3', streams, 'server', String(streamPort)]);
    let client: ChildProcess | null = null;
    try {
      await shared().untilListens('red3', streamPort);
      client = shared().spawnInVm('red1', [
        'python3',
        streams,
        'client',
        '10.0.0.3',
        String(streamPort),
        String(connections),
        '7',
        '20000000',
      ]);
      let output = '';
      client.stdout!.on('data', (text: Buffer) => (output += text.toString()));
      await shared().until('streams are on rdma', async () => {
        assert.equal(client?.exitCode, null, `the streams are over: ${output}`);
        return (await flowsTo(streamPort)).some(({ path }) => path === 'rdma');
      });
      await disturb();
      await shared().until('the streams end', () => Promise.resolve(client?.exitCode !== null), 240);
      assert.equal(output.trim(), `right ${connections}`);
    } finally {
      if (client) await shared().end(client);
      await shared().end(server);
    }
  }

  test('the port goes down and comes back: flows go to TCP, say why, and return, and no byte is lost', () =>
    whileStreaming(async () => {
      await shared().onHost('hv2', 'ip', 'link', 'set', 'rdma0', 'down');
      await untilLinks('up without RDMA', ({ state, path }) => state === 'up' && path === 'none');
      const [first] = await list<HostLink>('links', '--host', 'hv1');
      assert.match(first?.reason ?? '', /port rxe0\/1 is DOWN/);
      const flows = await flowsTo(streamPort);
      assert.ok(flows.every(({ path }) => path === 'tcp'));
      await shared().onHost('hv2', 'ip', 'link', 'set', 'rdma0', 'up');
      await overRdma();
    }, 24));

  test('vsockd is killed on either side: no byte is lost, and flows are on rdma again', () =>
    whileStreaming(async () => {
      for (const host of ['hv1', 'hv2']) {
        await shared().onHost(host, 'pkill', '--signal', 'KILL', '--full', '[d]ataplane/main.js');
        await shared().until('the link is up again', async () =>
          (await list<HostLink>('links')).every(({ path }) => path === 'rdma'),
        );
      }
    }, 24));

  test('the cable between the hosts is out for a while: no byte is lost', () =>
    whileStreaming(async () => {
      await shared().onHost('hv2', 'ip', 'link', 'set', 'underlay', 'down');
      await untilLinks('down', ({ state }) => state !== 'up');
      await shared().onHost('hv2', 'ip', 'link', 'set', 'underlay', 'up');
      await overRdma();
    }, 24));
}
