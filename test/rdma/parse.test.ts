import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Attributes } from '../../src/netlink/attributes.js';
import { parseDevice, parsePort, parseSummary } from '../../src/rdma/parse-links.js';
import * as kernel from '../../src/rdma/parse-resources.js';
import { parseBoundStatistics, parseStatistics } from '../../src/rdma/parse-statistics.js';
import { ProcessNames } from '../../src/rdma/process-names.js';
import type { captured } from './captured.js';
import { payload } from './captured.js';

/** Names for the numbers that processes had when the messages were captured. */
class CapturedNames extends ProcessNames {
  override of(pid: number): string | null {
    return { 142: 'ibv_rc_pingpong', 143: 'rping', 151: 'rping', 154: 'rping' }[pid] ?? null;
  }
}

function rows<Row>(resource: kernel.Resource<Row>, message: Buffer): Row[] {
  return new Attributes(message)
    .entries(resource.table, resource.entry)
    .flatMap((entry) => resource.parse(entry, 'rxe0', new CapturedNames()) ?? []);
}

const every: [keyof typeof captured, (message: Buffer) => unknown][] = [
  ['get', (message) => parseDevice(new Attributes(message))],
  ['portGet', (message) => parsePort(new Attributes(message))],
  ['resGet', (message) => parseSummary(new Attributes(message))],
  ['resQpGet', (message) => rows(kernel.queuePairs, message)],
  ['resCqGet', (message) => rows(kernel.completionQueues, message)],
  ['resMrGet', (message) => rows(kernel.memoryRegions, message)],
  ['resPdGet', (message) => rows(kernel.protectionDomains, message)],
  ['resCmIdGet', (message) => rows(kernel.cmIds, message)],
  ['statGet', (message) => parseStatistics(new Attributes(message))],
  ['statGet', (message) => parseBoundStatistics(new Attributes(message))],
];

describe('what a kernel said', () => {
  it('of a device and its port', () => {
    assert.deepEqual(parseDevice(new Attributes(payload('get'))), {
      index: 0,
      name: 'rxe0',
      firmware: null,
      nodeGuid: '5054:00ff:fe12:3456',
      systemImageGuid: '5054:00ff:fe12:3456',
      protocol: 'roce',
    });
    assert.deepEqual(parsePort(new Attributes(payload('portGet'))), {
      port: 1,
      state: 'ACTIVE',
      physicalState: 'LINK_UP',
      lid: null,
      netdev: 'eth0',
    });
    const inUse = { pd: 6, cq: 4, qp: 4, cm_id: 3, mr: 8, ctx: 3, srq: 0 };
    assert.deepEqual(parseSummary(new Attributes(payload('resGet'))), inUse);
  });

  it('of queue pairs', () => {
    const found = rows(kernel.queuePairs, payload('resQpGet'));
    const own = { device: 'rxe0', port: 1 };
    assert.deepEqual(found, [
      {
        ...own,
        ...{ id: 'rxe0/17', lqpn: 17, rqpn: 0, type: 'RC', state: 'INIT', sqPsn: 0, rqPsn: 0 },
        ...{ pathMigrationState: 'MIGRATED', pdn: 2, pid: 142, program: 'ibv_rc_pingpong' },
      },
      {
        ...own,
        ...{ id: 'rxe0/18', lqpn: 18, rqpn: 19, type: 'RC', state: 'RTS', sqPsn: 11151764, rqPsn: 12051087 },
        ...{ pathMigrationState: 'MIGRATED', pdn: 4, pid: 151, program: 'rping' },
      },
      {
        ...own,
        ...{ id: 'rxe0/19', lqpn: 19, rqpn: 18, type: 'RC', state: 'RTS', sqPsn: 12051087, rqPsn: 11151764 },
        ...{ pathMigrationState: 'MIGRATED', pdn: 5, pid: 143, program: 'rping' },
      },
      {
        ...own,
        ...{ id: 'rxe0/1', lqpn: 1, rqpn: null, type: 'GSI', state: 'RTS', sqPsn: 3, rqPsn: null },
        ...{ pathMigrationState: null, pdn: null, pid: null, program: '[ib_core]' },
      },
    ]);
  });

  it('of the other objects', () => {
    const queues = rows(kernel.completionQueues, payload('resCqGet'));
    assert.deepEqual(
      queues.map((row) => [row.id, row.completions, row.users, row.pollContext, row.ctxn, row.program]),
      [
        ['rxe0/0', 1023, 2, 'WORKQUEUE', null, '[ib_core]'],
        ['rxe0/1', 511, 2, null, 1, 'ibv_rc_pingpong'],
        ['rxe0/2', 63, 2, null, 2, 'rping'],
        ['rxe0/3', 63, 2, null, 0, 'rping'],
      ],
    );
    assert.deepEqual(
      queues.map((row) => row.adaptiveModeration),
      [false, false, false, false],
    );
    assert.deepEqual(
      rows(kernel.memoryRegions, payload('resMrGet')).map((row) => [row.mrn, row.lengthBytes, row.pdn]),
      [
        [0, 4096, 2],
        [1, 16, 4],
        [2, 16, 4],
        [3, 64, 4],
        [4, 64, 4],
        [5, 16, 5],
        [6, 16, 5],
        [7, 64, 5],
      ],
    );
    assert.deepEqual(
      rows(kernel.protectionDomains, payload('resPdGet')).map((row) => [
        row.pdn,
        row.users,
        row.ctxn,
        row.pid,
      ]),
      [
        [0, 1, null, null],
        [1, 0, 0, 143],
        [2, 2, 1, 142],
        [3, 0, 2, 154],
        [4, 5, 2, 151],
        [5, 4, 0, 143],
      ],
    );
  });

  it('of endpoints of the connection manager', () => {
    const found = rows(kernel.cmIds, payload('resCmIdGet')).map((row) => [
      row.cmIdn,
      row.lqpn,
      row.type,
      row.state,
      row.portSpace,
      `${String(row.sourceAddress)}:${String(row.sourcePort)}`,
      `${String(row.destinationAddress)}:${String(row.destinationPort)}`,
      row.pid,
    ]);
    assert.deepEqual(found, [
      [0, null, null, 'LISTEN', 'TCP', '10.0.1.1:7174', '0.0.0.0:0', 143],
      [1, 18, 'RC', 'CONNECT', 'TCP', '10.0.1.1:47681', '10.0.1.1:7174', 151],
      [2, 19, 'RC', 'CONNECT', 'TCP', '10.0.1.1:7174', '10.0.1.1:47681', 143],
    ]);
  });

  it('of counters', () => {
    const found = parseStatistics(new Attributes(payload('statGet')));
    assert.equal(found.length, 15);
    assert.deepEqual(found.at(0), { name: 'sent_pkts', value: 2649 });
    assert.deepEqual(found.at(-1), { name: 'rdma_recvs', value: 885 });
  });
});

it('a bound counter set has its queue pairs and its counters', () => {
  const message = table(77, [
    table(78, [
      number(3, 1),
      number(79, 4),
      table(19, [table(20, [number(21, 178)]), table(20, [number(21, 179)])]),
      table(80, [table(81, [text(82, 'rx_write_requests'), long(83, 2n ** 40n)])]),
    ]),
  ]);
  assert.deepEqual(parseBoundStatistics(new Attributes(message)), [
    { port: 1, set: 4, lqpns: [178, 179], statistics: [{ name: 'rx_write_requests', value: 2 ** 40 }] },
  ]);
});

it('takes messages that are cut off or damaged, without reading past them', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...every),
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
      ([name, parse], end, damages) => {
        const message = payload(name);
        for (const [place, value] of damages) message[place % message.length] = value;
        parse(message.subarray(0, end % (message.length + 1)));
      },
    ),
    { numRuns: 5000 },
  );
});

it('takes any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      for (const [, parse] of every) parse(Buffer.from(bytes));
    }),
    { numRuns: 1000 },
  );
});

it('tells of nothing rather than guess, when a message is cut off', () => {
  const whole = rows(kernel.queuePairs, payload('resQpGet'));
  for (let end = 0; end < payload('resQpGet').length; end++) {
    const found = rows(kernel.queuePairs, payload('resQpGet').subarray(0, end));
    assert.deepEqual(found, []);
  }
  assert.equal(whole.length, 4);
});

function attribute(type: number, value: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16LE(4 + value.length, 0);
  header.writeUInt16LE(type, 2);
  return Buffer.concat([header, value, Buffer.alloc(-value.length & 3)]);
}

function table(type: number, attributes: readonly Buffer[]): Buffer {
  return attribute(type | 0x8000, Buffer.concat(attributes));
}

function number(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return attribute(type, bytes);
}

function long(type: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return attribute(type, bytes);
}

function text(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`));
}
