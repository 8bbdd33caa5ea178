import type * as api from '../../api/device.js';
import type { Seen } from '../../api/seen.js';
import { field, fieldsOf, type Column, type Table, type Tone } from './column.js';
import { hostAndDevice, idColumn, portColumn } from './rdma-columns.js';

type Device = Seen<api.Device>;

export const deviceTable: Table<Device> = {
  noun: 'device',
  identify: (row) => row.id,
  locate: (row) => `${row.host}/${row.id}`,
  defaultSort: 'id',
  fields: fieldsOf('devices'),
  columns: [
    idColumn('DEVICE', 'device and port'),
    ...hostAndDevice<Device>().map(withoutName),
    portColumn(),
    field('state', {
      header: 'STATE',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 12,
      summary: 'state of the port: ACTIVE, DOWN, ...; gone: it was here a minute ago',
      tone: stateTone,
    }),
    field('physicalState', {
      header: 'PHYSICAL',
      kind: 'text',
      show: 'always',
      priority: 7,
      usualWidth: 12,
      summary: 'state of the link: LINK_UP, DISABLED, ...',
    }),
    field('netdev', {
      header: 'NETDEV',
      kind: 'text',
      show: 'always',
      priority: 4,
      usualWidth: 15,
      summary: 'network interface of the port',
    }),
    field('driver', {
      header: 'DRIVER',
      kind: 'text',
      show: 'wide',
      priority: 7,
      usualWidth: 8,
      summary: 'driver of the device: mlx5, irdma, rxe, ...',
    }),
    field('reason', {
      header: 'UNUSED',
      kind: 'text',
      show: 'always',
      priority: 3,
      usualWidth: 13,
      summary: 'why vsockd does not use it: software-rdma (rxe, siw), unless its configuration says so',
    }),
    field('protocol', {
      header: 'PROTOCOL',
      kind: 'text',
      show: 'wide',
      priority: 12,
      usualWidth: 8,
      summary: 'roce, ib, iw, ...',
    }),
    field('linkLayer', {
      header: 'LINK',
      kind: 'text',
      show: 'always',
      priority: 8,
      usualWidth: 10,
      summary: 'link layer: Ethernet or InfiniBand',
    }),
    field('rateBitsPerSecond', {
      header: 'RATE',
      kind: 'bitRate',
      show: 'always',
      priority: 2,
      usualWidth: 10,
      summary: 'bits a second of the port',
    }),
    field('activeMtuBytes', {
      header: 'MTU',
      kind: 'count',
      show: 'always',
      priority: 5,
      usualWidth: 5,
      summary: 'active RDMA MTU in bytes',
    }),
    field('maximumMtuBytes', {
      header: 'MAX MTU',
      kind: 'count',
      show: 'wide',
      priority: 13,
      usualWidth: 7,
      summary: 'largest RDMA MTU in bytes',
    }),
    inUse('queuePairs', 'QPS', 'qp', 'always', 'its queue pairs'),
    inUse('completionQueues', 'CQS', 'cq', 'always', 'its completion queues'),
    inUse('memoryRegions', 'MRS', 'mr', 'always', 'its memory regions'),
    inUse('protectionDomains', 'PDS', 'pd', 'wide', 'its protection domains'),
    atMost('queuePairs', 'MAX QPS', 'queue pairs that it can have'),
    atMost('completionQueues', 'MAX CQS', 'completion queues that it can have'),
    atMost('memoryRegions', 'MAX MRS', 'memory regions that it can have'),
    field('firmware', {
      header: 'FIRMWARE',
      kind: 'text',
      show: 'wide',
      priority: 10,
      usualWidth: 16,
      summary: 'version of its firmware',
    }),
    field('nodeGuid', {
      header: 'NODE GUID',
      kind: 'text',
      show: 'wide',
      priority: 11,
      usualWidth: 19,
      summary: 'its GUID',
    }),
    field('lid', {
      header: 'LID',
      kind: 'count',
      show: 'never',
      priority: 99,
      usualWidth: 6,
      summary: 'address in an InfiniBand subnet',
    }),
    {
      key: 'gids',
      header: 'GIDS',
      kind: 'text',
      show: 'wide',
      priority: 9,
      usualWidth: 60,
      summary: 'its GIDs',
      value: (row) => row.gids?.map(({ gid }) => gid).join(',') ?? null,
    },
  ],
};

function stateTone({ state }: Device): Tone {
  if (state === 'ACTIVE') return 'good';
  return state === 'gone' ? 'muted' : 'bad';
}

/** The device is in the first column already. */
function withoutName(column: Column<Device>): Column<Device> {
  return column.key === 'device' ? { ...column, show: 'never' } : column;
}

function inUse(
  key: string,
  header: string,
  kernelName: string,
  show: 'always' | 'wide',
  summary: string,
): Column<Device> {
  return {
    key,
    header,
    kind: 'count',
    show,
    priority: 6,
    usualWidth: 8,
    summary,
    value: (row) => row.inUse?.[kernelName] ?? null,
  };
}

function atMost(limit: keyof NonNullable<Device['limits']>, header: string, summary: string): Column<Device> {
  return {
    key: `maximum${limit[0]!.toUpperCase()}${limit.slice(1)}`,
    header,
    kind: 'count',
    show: 'wide',
    priority: 14,
    usualWidth: 10,
    summary,
    value: (row) => row.limits?.[limit] ?? null,
  };
}
