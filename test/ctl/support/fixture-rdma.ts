import type { Counter } from '../../../src/api/counter.js';
import type { Device } from '../../../src/api/device.js';
import type { RowsOf } from '../../../src/api/lists.js';
import type { QueuePair } from '../../../src/api/rdma-resources.js';

type RdmaLists = Omit<RowsOf, 'vms' | 'flows' | 'rules' | 'revisions' | 'audit'>;
export type FixtureRdma = { [Name in keyof RdmaLists]: RdmaLists[Name][] };

/** A host with one RDMA device of two ports, the second of which is down, and some objects on it. */
export function fixtureRdma(host: string): FixtureRdma {
  const on = { host, device: 'mlx5_0' };
  const daemon = { pid: 900, program: 'vsockd' };
  return {
    links: [
      {
        id: `${host}-other`,
        host,
        peerHost: 'other',
        state: 'up',
        path: 'rdma',
        reason: null,
        device: 'mlx5_0',
        queuePairs: 2,
        flows: 3,
        changedAt: '2026-01-01T00:00:00.000Z',
      },
    ],
    devices: [
      fixtureDevice(host, 1, { state: 'ACTIVE', physicalState: 'LINK_UP', netdev: 'ens1f0' }),
      fixtureDevice(host, 2, { state: 'DOWN', physicalState: 'DISABLED', netdev: 'ens1f1' }),
    ],
    qps: [fixtureGsi(host), ...[17, 18, 19].map((lqpn) => fixtureQueuePair(host, lqpn))],
    cqs: [
      {
        id: 'mlx5_0/3',
        ...on,
        cqn: 3,
        completions: 4095,
        users: 2,
        pollContext: null,
        adaptiveModeration: false,
        ctxn: 7,
        ...daemon,
      },
    ],
    mrs: [{ id: 'mlx5_0/5', ...on, mrn: 5, lengthBytes: 512 * 1024 * 1024, pdn: 2, ...daemon }],
    pds: [{ id: 'mlx5_0/2', ...on, pdn: 2, users: 5, ctxn: 7, ...daemon }],
    cmids: [
      {
        id: 'mlx5_0/0',
        ...on,
        port: 1,
        cmIdn: 0,
        lqpn: null,
        type: 'RC',
        state: 'LISTEN',
        portSpace: 'TCP',
        sourceAddress: '198.51.100.1',
        sourcePort: 7471,
        destinationAddress: null,
        destinationPort: null,
        pid: 901,
        program: 'rping',
      },
    ],
    counters: [
      fixtureCounter(host, 'port_xmit_data', 4096, 'bytes', 2048),
      fixtureCounter(host, 'port_xmit_packets', 12, 'count', 6),
      fixtureCounter(host, 'symbol_error', 0, 'count', null),
    ],
  };
}

function fixtureDevice(
  host: string,
  port: number,
  link: Pick<Device, 'state' | 'physicalState' | 'netdev'>,
): Device {
  return {
    id: `mlx5_0/${String(port)}`,
    host,
    device: 'mlx5_0',
    port,
    ...link,
    protocol: 'roce',
    driver: 'mlx5',
    reason: null,
    linkLayer: 'Ethernet',
    rateBitsPerSecond: 100_000_000_000,
    activeMtuBytes: 4096,
    maximumMtuBytes: 4096,
    lid: null,
    gids: [{ index: 1, gid: '::ffff:198.51.100.1', type: 'RoCE v2' }],
    firmware: '28.41.1000',
    nodeGuid: 'b83f:d203:0012:3456',
    systemImageGuid: 'b83f:d203:0012:3456',
    limits: {
      queuePairs: 131_072,
      workRequests: 32_768,
      scatterEntries: 30,
      completionQueues: 16_777_216,
      completions: 4_194_303,
      memoryRegions: 16_777_216,
      memoryRegionBytes: 2 ** 53,
      protectionDomains: 8_388_608,
      sharedReceiveQueues: 8_388_608,
    },
    inUse: { qp: 4, cq: 3, mr: 1, pd: 2, cm_id: 1, ctx: 2, srq: 0 },
  };
}

function fixtureQueuePair(host: string, lqpn: number): QueuePair {
  return {
    id: `mlx5_0/${String(lqpn)}`,
    host,
    device: 'mlx5_0',
    port: 1,
    lqpn,
    rqpn: lqpn + 100,
    type: 'RC',
    state: lqpn === 19 ? 'ERR' : 'RTS',
    sqPsn: 10,
    rqPsn: 20,
    pathMigrationState: 'MIGRATED',
    pdn: 2,
    pid: 900,
    program: 'vsockd',
    peerHost: 'gamma',
    flows: 5,
    txBytes: 123_456,
    rxBytes: 7890,
    txBytesPerSecond: 2048,
    rxBytesPerSecond: 512,
  };
}

/** One of the kernel’s own, of which it tells little. */
function fixtureGsi(host: string): QueuePair {
  return {
    ...fixtureQueuePair(host, 1),
    rqpn: null,
    type: 'GSI',
    pathMigrationState: null,
    pdn: null,
    rqPsn: null,
    pid: null,
    program: '[ib_core]',
    peerHost: null,
    flows: null,
    txBytes: null,
    rxBytes: null,
    txBytesPerSecond: null,
    rxBytesPerSecond: null,
  };
}

function fixtureCounter(
  host: string,
  name: string,
  value: number,
  unit: Counter['unit'],
  perSecond: number | null,
): Counter {
  return {
    id: `mlx5_0/1/${name}`,
    host,
    device: 'mlx5_0',
    port: 1,
    source: 'port',
    set: null,
    lqpns: [],
    name,
    value,
    unit,
    perSecond,
  };
}
