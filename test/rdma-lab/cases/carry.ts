import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Counter } from '../../../src/api/counter.js';
import type { Flow } from '../../../src/api/flow.js';
import type { HostLink } from '../../../src/api/host-link.js';
import type { QueuePair } from '../../../src/api/rdma-resources.js';
import type { RdmaLab } from '../support/rdma-lab.js';

const streams = new URL('../../../../test/fixtures/numbered_streams.py', import.meta.url).pathname;
const streamPort = 5000;
const redisPort = 6379;
/** Enough to be carried by RDMA for a while, and over soon when told to; pauses leave the machines time for vsockctl. */
const longestBytes = '1000000';
const pauseSeconds = '3';

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
    const serve = ['redis-server', '--port', String(redisPort), '--bind', '0.0.0.0'];
    const server = shared().spawnInVm('red3', [
      ...serve,
      '--protected-mode',
      'no',
      '--save',
      '',
      '--dir',
      '/',
    ]);
    try {
      await shared().untilListens('red3', redisPort);
      // As many as there is time for, at a rate that leaves the machines time for vsockctl.
      const ask = ['redis-cli', '-h', '10.0.0.3', '-p', String(redisPort), '-r', '-1', '-i', '0.02'];
      const client = shared().spawnInVm('red1', [...ask, 'set', 'key', 'value']);
      try {
        await shared().until('flows of both hosts are on rdma', async () => {
          const flows = await flowsTo(redisPort);
          return flows.filter(({ path, queuePair }) => path === 'rdma' && queuePair !== null).length === 2;
        });
        const [before] = await flowsTo(redisPort);
        await shared().until('its bytes move', async () => {
          const after = (await flowsTo(redisPort)).find(({ id }) => id === before?.id);
          return (after?.txBytes ?? 0) > (before?.txBytes ?? 0);
        });
        let pairs: QueuePair[] = [];
        await shared().until('the queue pairs have rates', async () => {
          pairs = await list<QueuePair>('qps', '-f', 'peerHost!=-');
          return pairs.some(({ txBytesPerSecond }) => (txBytesPerSecond ?? 0) > 0);
        });
        assert.ok(pairs.every(({ flows }) => flows !== null));
        assert.ok(pairs.reduce((sum, { flows }) => sum + (flows ?? 0), 0) >= 2);
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
      // Long enough for most of it to come after the switch from TCP.
      const words = ['iperf3', '--client', '10.0.0.3', '--time', '5', '--json'];
      const report = JSON.parse(await shared().inVm('red1', words)) as {
        end: { sum_received: { bytes: number } };
      };
      assert.ok(report.end.sum_received.bytes > 4 * 1024 * 1024);
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

  test('streams both ways are right to the byte', async (context) => {
    await overRdma();
    const server = shared().spawnInVm('red3', [
      'python3',
      streams,
      'server',
      String(streamPort),
      pauseSeconds,
    ]);
    await shared().untilListens('red3', streamPort);
    const words = ['10.0.0.3', String(streamPort), '-', '7', longestBytes, pauseSeconds];
    const client = shared().spawnInVm('red1', ['python3', streams, 'client', ...words]);
    let output = '';
    client.stdout!.on('data', (text: Buffer) => (output += text.toString()));
    const onRdma = (): Promise<void> =>
      shared().until('streams are on rdma', async () => {
        assert.equal(client.exitCode, null, `the streams are over: ${output}`);
        await overRdma();
        return (await flowsTo(streamPort)).some(({ path }) => path === 'rdma');
      });
    try {
      await context.test('while the port goes down: flows go to TCP, say why, and return', async () => {
        await onRdma();
        await shared().onHost('hv2', 'ip', 'link', 'set', 'rdma0', 'down');
        await untilLinks('up without RDMA', ({ state, path }) => state === 'up' && path === 'none');
        const [first] = await list<HostLink>('links', '--host', 'hv1');
        assert.match(first?.reason ?? '', /port rxe0\/1 is DOWN/);
        const flows = await flowsTo(streamPort);
        assert.ok(flows.length > 0 && flows.every(({ path }) => path === 'tcp'));
        await shared().onHost('hv2', 'ip', 'link', 'set', 'rdma0', 'up');
      });
      for (const host of ['hv1', 'hv2'])
        await context.test(`while vsockd of ${host} is killed`, async () => {
          await onRdma();
          const since = async (): Promise<string | null | undefined> =>
            (await list<HostLink>('links', '--host', host))[0]?.changedAt;
          const before = await since();
          await shared().onHost(host, 'pkill', '--signal', 'KILL', '--full', '[d]ataplane/main.js');
          await shared().until('there is a new link', async () => (await since()) !== before);
        });
      await context.test('while the cable between the hosts is out', async () => {
        await onRdma();
        await shared().onHost('hv2', 'ip', 'link', 'set', 'underlay', 'down');
        await untilLinks('down', ({ state }) => state !== 'up');
        await shared().onHost('hv2', 'ip', 'link', 'set', 'underlay', 'up');
      });
      await context.test('to their end', async () => {
        await onRdma();
        client.stdin!.end();
        await shared().until('the streams end', () => Promise.resolve(client.exitCode !== null));
        assert.match(output, /^right [1-9]\d*\n$/);
      });
    } finally {
      await Promise.all([shared().end(client), shared().end(server)]);
    }
  });
}
