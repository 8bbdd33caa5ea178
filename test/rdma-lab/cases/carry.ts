import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Counter } from '../../../src/api/counter.js';
import type { Device } from '../../../src/api/device.js';
import type { Host } from '../../../src/api/host.js';
import { pathsInMachine } from '../../../src/lab/machine/machine-report.js';
import type { Flow } from '../../../src/api/flow.js';
import type { HostLink } from '../../../src/api/host-link.js';
import type { QueuePair } from '../../../src/api/rdma-resources.js';
import type { RdmaLab } from '../support/rdma-lab.js';
import { python } from '../../support/python.js';

const streams = new URL('../../../../test/fixtures/numbered_streams.py', import.meta.url).pathname;
const streamPort = 5000;
const redisPort = 6379;
/** Enough to be carried by RDMA for a while, and over soon when told to; pauses leave the machines time for vsockctl. */
const longestBytes = '1000000';
const pauseSeconds = '3';
/** RoCE v2 is UDP to port 4791 (IBTA, annex A17). */
const lostRoce =
  'table inet lost { chain received { type filter hook prerouting priority -400; udp dport 4791 drop; }; }';

/** Each takes a minute under emulation, with vsockd begun anew: `npm test` leaves them out. */
const onlyInWhole = {
  skip: process.env['VSOCKET_TEST_RDMA'] === 'whole' ? false : 'only in npm run test:rdma',
};

/** Merges settings into link.rdma of a configuration; null takes one away. */
const mergeSettings = `import json, sys
file, settings = sys.argv[1], json.loads(sys.argv[2])
config = json.load(open(file))
rdma = config["link"]["rdma"]
rdma.update(settings)
config["link"]["rdma"] = {key: value for key, value in rdma.items() if value is not None}
json.dump(config, open(file, "w"))`;
/** As the laboratory has them, and all of them otherwise. */
const plainSettings = {
  ...{ software: true, devices: null, gidType: null, gidIndex: null, mtuBytes: null },
  ...{ trafficClass: 0, serviceLevel: 0, timeout: 16, retryCount: 5, rnrRetryCount: 7 },
};
const roceSettings = {
  ...{ devices: ['rxe0/1'], gidType: 'RoCE v2', gidIndex: 1, mtuBytes: 1024 },
  ...{ trafficClass: 104, serviceLevel: 3, timeout: 17, retryCount: 6, rnrRetryCount: 6 },
};
/** A packet of MTU 1024 has less than 1200 bytes with its headers. */
const marks = `table inet marks {
  counter marked {}
  counter large {}
  chain received {
    type filter hook prerouting priority -400;
    udp dport 4791 ip dscp 26 counter name marked
    udp dport 4791 ip dscp 26 meta length > 1200 counter name large
  }
}`;
/** What `nft --json list counters` has of one. */
interface Listed {
  counter?: { name: string; packets: number };
}

/** Flows between VMs of the two machines, red1 (hv1) and red3 (hv2), on path `rdma`. */
export function carryCases(shared: () => RdmaLab): void {
  const list = async <Row>(name: string, ...words: string[]): Promise<Row[]> => {
    const { code, stdout, stderr } = await shared().vsockctl(name, '-o', 'json', ...words);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Row[];
  };
  const untilLinks = async (what: string, holds: (link: HostLink) => boolean): Promise<HostLink[]> => {
    let links: HostLink[] = [];
    await shared().until(`links: ${what}`, async () => (links = await list<HostLink>('links')).every(holds));
    return links;
  };
  const overRdma = (): Promise<HostLink[]> => untilLinks('up with RDMA', ({ path }) => path === 'rdma');
  const flowsTo = async (port: number): Promise<Flow[]> =>
    (await list<Flow>('flows')).filter(
      ({ localPort, remotePort }) => localPort === port || remotePort === port,
    );
  const sentPackets = async (host: string): Promise<number> => {
    const counters = await list<Counter>('counters', '--host', host, '-f', 'name=sent_pkts');
    return counters.reduce((sum, { value }) => sum + value, 0);
  };

  /** Changes the settings of RDMA of a host, and starts its vsockd again. */
  const configure = async (host: string, settings: object): Promise<void> => {
    const file = pathsInMachine(shared().name).hostFile(host, 'vsockd.json');
    await shared().onHost(host, 'python3', '-c', mergeSettings, file, JSON.stringify(settings));
    await shared().onHost(host, 'pkill', '--full', '[b]in/vsockd');
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
    const open = ['--protected-mode', 'no', '--save', '', '--dir', '/'];
    const server = shared().spawnInVm('red3', [...serve, ...open]);
    const flows = shared().watch<Flow>('flows');
    const queuePairs = shared().watch<QueuePair>('qps');
    try {
      await shared().untilListens('red3', redisPort);
      // As many as there is time for, at a rate that leaves the machines time for vsockctl.
      const ask = ['redis-cli', '-h', '10.0.0.3', '-p', String(redisPort), '-r', '-1', '-i', '0.02'];
      const client = shared().spawnInVm('red1', [...ask, 'set', 'key', 'value']);
      try {
        const ofRedis = (rows: Flow[]): Flow[] =>
          rows.filter((flow) => [flow.localPort, flow.remotePort].includes(redisPort));
        const before = ofRedis(
          await flows.until('flows of both hosts are on rdma', (rows) => {
            const fast = ofRedis(rows).filter((flow) => flow.path === 'rdma' && flow.queuePair !== null);
            return fast.length === 2;
          }),
        );
        await flows.until('their bytes move', (rows) =>
          before.every(({ id, txBytes }) =>
            rows.some((row) => row.id === id && (row.txBytes ?? 0) > (txBytes ?? 0)),
          ),
        );
        const pairs = await queuePairs.until('the queue pairs have rates', (rows) => {
          const own = rows.filter(({ peerHost }) => peerHost !== null);
          return own.length === 4 && own.some(({ txBytesPerSecond }) => (txBytesPerSecond ?? 0) > 0);
        });
        const own = pairs.filter(({ peerHost }) => peerHost !== null);
        assert.ok(own.every((pair) => pair.flows !== null));
        assert.ok(own.reduce((sum, pair) => sum + (pair.flows ?? 0), 0) >= 2);
      } finally {
        await shared().end(client);
      }
    } finally {
      await Promise.all([flows.close(), queuePairs.close()]);
      await shared().end(server);
    }
  });

  test('iperf3 goes by RDMA: queue pairs and the device’s counters move by what it sent', async () => {
    const carried = async (): Promise<number> =>
      (await list<QueuePair>('qps', '--host', 'hv1', '-f', 'peerHost!=-')).reduce(
        (sum, { txBytes }) => sum + (txBytes ?? 0),
        0,
      );
    const session = (links: HostLink[]): string => JSON.stringify(links.map(({ changedAt }) => changedAt));
    // On a slow machine RDMA may fail meanwhile: the queue pairs of the next session count from nothing, so once more.
    for (let bytes = 0; bytes <= 4 * 1024 * 1024;) {
      const began = session(await overRdma());
      const [bytesBefore, packetsBefore] = [await carried(), await sentPackets('hv1')];
      await sendByIperf();
      await shared().until('the queue pairs have counted, or are gone', async () => {
        bytes = (await carried()) - bytesBefore;
        return bytes > 4 * 1024 * 1024 || session(await list('links')) !== began;
      });
      const packets = (await sentPackets('hv1')) - packetsBefore;
      assert.ok(packets >= bytes / 4096, `${packets} packets for ${bytes} bytes`);
    }
  });

  async function sendByIperf(): Promise<void> {
    const server = shared().spawnInVm('red3', ['iperf3', '--server', '--one-off']);
    try {
      await shared().untilListens('red3', 5201);
      // Long enough for most of it to come after the switch from TCP.
      const words = ['iperf3', '--client', '10.0.0.3', '--time', '5', '--json'];
      const report = JSON.parse(await shared().inVm('red1', words)) as {
        end: { sum_received: { bytes: number } };
      };
      assert.ok(report.end.sum_received.bytes > 15 * 1024 * 1024);
    } finally {
      await shared().end(server);
    }
  }

  test('streams both ways are right to the byte', async (context) => {
    await overRdma();
    const serve = [python, streams, 'server', String(streamPort), pauseSeconds];
    const server = shared().spawnInVm('red3', serve);
    await shared().untilListens('red3', streamPort);
    const words = ['10.0.0.3', String(streamPort), '-', '7', longestBytes, pauseSeconds];
    const client = shared().spawnInVm('red1', [python, streams, 'client', ...words]);
    let output = '';
    client.stdout!.on('data', (text: Buffer) => (output += text.toString()));
    const links = shared().watch<HostLink>('links');
    const flows = shared().watch<Flow>('flows');
    const untilBoth = (what: string, holds: (link: HostLink) => boolean): Promise<HostLink[]> =>
      links.until(`links: ${what}`, (rows) => rows.length === 2 && rows.every(holds));
    const onRdma = async (): Promise<HostLink[]> => {
      const both = await untilBoth('up with RDMA', ({ path }) => path === 'rdma');
      await flows.until('streams are on rdma', (rows) => {
        assert.equal(client.exitCode, null, `the streams are over: ${output}`);
        return rows.some(({ remotePort, path }) => remotePort === streamPort && path === 'rdma');
      });
      return both;
    };
    try {
      await context.test(
        'with settings of RoCE: packets have the DSCP, and no more than the MTU',
        onlyInWhole,
        async () => {
          await shared().onHost('hv2', 'nft', marks);
          await configure('hv1', { ...plainSettings, ...roceSettings });
          const packets = async (): Promise<number[]> => {
            const words = ['nft', '--json', 'list', 'counters', 'table', 'inet', 'marks'];
            const { nftables } = JSON.parse(await shared().onHost('hv2', ...words)) as { nftables: Listed[] };
            const counters = new Map(nftables.map(({ counter }) => [counter?.name, counter?.packets]));
            return [counters.get('marked') ?? NaN, counters.get('large') ?? NaN];
          };
          await shared().until('packets come with DSCP 26', async () => (await packets())[0]! > 100);
          assert.equal((await packets())[1], 0);
          await shared().onHost('hv2', 'nft', 'delete table inet marks');
        },
      );
      await context.test(
        'while hv1 may not use what is software: flows are on tcp, all say why',
        async () => {
          await onRdma();
          await configure('hv1', { software: false });
          await links.until('links: without RDMA, since it is software', (rows) =>
            rows.every(
              ({ path, reason }) => path === 'none' && /software-rdma: rxe0 .*\(rxe\)/.test(reason ?? ''),
            ),
          );
          await flows.until('flows of both hosts say so', (rows) => {
            const ours = rows.filter((flow) => [flow.localPort, flow.remotePort].includes(streamPort));
            const saying = ours.filter(({ reason }) => reason === 'software-rdma').map(({ host }) => host);
            return ours.every(({ path }) => path === 'tcp') && new Set(saying).size === 2;
          });
          const [device] = await list<Device>('devices', '--host', 'hv1');
          assert.deepEqual([device?.driver, device?.reason], ['rxe', 'software-rdma']);
          const [host] = await list<Host>('hosts', '--host', 'hv1');
          assert.match(host?.rdmaReason ?? '', /^software-rdma: /);
          await configure('hv1', plainSettings);
        },
      );
      await context.test('while one of two ports goes down: the other carries', onlyInWhole, async () => {
        await onRdma();
        const onBoth = async (...command: string[]): Promise<void> => {
          for (const host of ['hv1', 'hv2']) await shared().onHost(host, ...command);
        };
        await onBoth('rdma', 'link', 'add', 'rxe1', 'type', 'rxe', 'netdev', 'underlay');
        await onBoth('nft', 'insert rule inet host input udp dport 4791 accept');
        await onBoth('ip', 'link', 'set', 'rdma0', 'down');
        await untilBoth('by the other device', ({ path, device }) => path === 'rdma' && device === 'rxe1');
        await onBoth('ip', 'link', 'set', 'rdma0', 'up');
        await onBoth('rdma', 'link', 'delete', 'rxe1');
        await untilBoth('by the first again', ({ path, device }) => path === 'rdma' && device === 'rxe0');
      });
      await context.test('while the port goes down: flows go to TCP, say why, and return', async () => {
        await onRdma();
        await shared().onHost('hv2', 'ip', 'link', 'set', 'rdma0', 'down');
        await untilBoth('up without RDMA', ({ state, path }) => state === 'up' && path === 'none');
        const [first] = await list<HostLink>('links', '--host', 'hv1');
        assert.match(first?.reason ?? '', /port rxe0\/1 is DOWN/);
        const now = await flowsTo(streamPort);
        assert.ok(now.length > 0 && now.every(({ path }) => path === 'tcp'));
        await shared().onHost('hv2', 'ip', 'link', 'set', 'rdma0', 'up');
      });
      await context.test('while RDMA loses its packets: flows go to TCP, say why, and return', async () => {
        await onRdma();
        await shared().onHost('hv2', 'nft', lostRoce);
        await links.until('links: without RDMA, since the NIC gave up', (rows) =>
          rows.some(
            ({ path, reason }) => path === 'none' && reason?.endsWith('transport retry counter exceeded'),
          ),
        );
        await shared().onHost('hv2', 'nft', 'delete table inet lost');
      });
      await context.test('while the device is taken away: it is let go, and used again', async () => {
        await onRdma();
        await shared().onHost('hv1', 'rdma', 'link', 'delete', 'rxe0');
        await links.until('links: without RDMA, since there is none', (rows) =>
          rows.some(({ host, path, reason }) => host === 'hv1' && path === 'none' && reason !== null),
        );
        await shared().onHost('hv1', 'rdma', 'link', 'add', 'rxe0', 'type', 'rxe', 'netdev', 'rdma0');
      });
      for (const host of ['hv1', 'hv2'])
        await context.test(`while vsockd of ${host} is killed`, async () => {
          const before = new Set((await onRdma()).map(({ changedAt }) => changedAt));
          await shared().onHost(host, 'pkill', '--signal', 'KILL', '--full', '[d]ataplane/main.js');
          await untilBoth('new', ({ changedAt }) => !before.has(changedAt));
        });
      await context.test('while the cable between the hosts is out', async () => {
        await onRdma();
        await shared().onHost('hv2', 'ip', 'link', 'set', 'underlay', 'down');
        await untilBoth('down', ({ state }) => state !== 'up');
        await shared().onHost('hv2', 'ip', 'link', 'set', 'underlay', 'up');
      });
      await context.test('to their end', async () => {
        await onRdma();
        client.stdin!.end();
        await shared().until('the streams end', () => Promise.resolve(client.exitCode !== null));
        assert.match(output, /^right [1-9]\d*\n$/);
      });
    } finally {
      await Promise.all([links.close(), flows.close()]);
      await Promise.all([shared().end(client), shared().end(server)]);
    }
  });
}
