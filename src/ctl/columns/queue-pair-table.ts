import type * as api from '../../api/rdma-resources.js';
import type { Seen } from '../../api/seen.js';
import { field, fieldsOf, type Table, type Tone } from './column.js';
import { domainColumn, hostAndDevice, idColumn, ownerColumns, portColumn } from './rdma-columns.js';

type QueuePair = Seen<api.QueuePair>;

export const queuePairTable: Table<QueuePair> = {
  noun: 'queue pair',
  identify: (row) => row.id,
  // Each port of a device has a queue pair 1.
  locate: (row) => `${row.host}/${row.device}/${String(row.port)}/${String(row.lqpn)}`,
  defaultSort: 'id',
  fields: fieldsOf('qps'),
  columns: [
    idColumn('QUEUE PAIR', 'device and number of the queue pair'),
    ...hostAndDevice<QueuePair>(),
    portColumn(),
    field('lqpn', {
      header: 'LQPN',
      kind: 'count',
      show: 'never',
      priority: 99,
      usualWidth: 8,
      summary: 'its number',
    }),
    field('rqpn', {
      header: 'RQPN',
      kind: 'count',
      show: 'always',
      priority: 2,
      usualWidth: 8,
      summary: 'number of the queue pair at the other end',
    }),
    field('type', {
      header: 'TYPE',
      kind: 'text',
      show: 'always',
      priority: 2,
      usualWidth: 10,
      summary: 'RC, UC, UD, GSI, ...',
    }),
    field('state', {
      header: 'STATE',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 6,
      summary: 'RESET, INIT, RTR, RTS, SQD, SQE or ERR',
      tone: stateTone,
    }),
    field('sqPsn', {
      header: 'SQ PSN',
      kind: 'count',
      show: 'always',
      priority: 9,
      usualWidth: 8,
      summary: 'packet number that it sends next',
    }),
    field('rqPsn', {
      header: 'RQ PSN',
      kind: 'count',
      show: 'always',
      priority: 9,
      usualWidth: 8,
      summary: 'packet number that it expects next',
    }),
    field('pathMigrationState', {
      header: 'MIGRATION',
      kind: 'text',
      show: 'wide',
      priority: 16,
      usualWidth: 10,
      summary: 'state of path migration',
    }),
    domainColumn(),
    ...ownerColumns<QueuePair>(),
    field('peerHost', {
      header: 'PEER HOST',
      kind: 'text',
      show: 'always',
      priority: 3,
      usualWidth: 16,
      summary: 'host at the other end, where it is one of vsockd’s',
    }),
    field('flows', {
      header: 'FLOWS',
      kind: 'count',
      show: 'always',
      priority: 4,
      usualWidth: 7,
      summary: 'flows that vsockd carries over it',
    }),
    field('txBytesPerSecond', {
      header: 'TX/S',
      kind: 'rate',
      show: 'always',
      priority: 3,
      usualWidth: 10,
      summary: 'bytes a second that vsockd sends over it',
    }),
    field('rxBytesPerSecond', {
      header: 'RX/S',
      kind: 'rate',
      show: 'always',
      priority: 3,
      usualWidth: 10,
      summary: 'bytes a second that vsockd receives over it',
    }),
    field('txBytes', {
      header: 'TX',
      kind: 'bytes',
      show: 'always',
      priority: 7,
      usualWidth: 9,
      summary: 'bytes that vsockd sent over it',
    }),
    field('rxBytes', {
      header: 'RX',
      kind: 'bytes',
      show: 'always',
      priority: 7,
      usualWidth: 9,
      summary: 'bytes that vsockd received over it',
    }),
  ],
};

function stateTone({ state }: QueuePair): Tone {
  if (state === 'RTS') return 'good';
  return state === 'ERR' || state === 'SQE' ? 'bad' : 'plain';
}
