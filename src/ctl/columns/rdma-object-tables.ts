import type { CmId, CompletionQueue, MemoryRegion, ProtectionDomain } from '../../api/rdma-resources.js';
import type { Seen } from '../../api/seen.js';
import { field, fieldsOf, type Table } from './column.js';
import { endpoint } from './endpoint.js';
import {
  contextColumn,
  domainColumn,
  hostAndDevice,
  idColumn,
  ownerColumns,
  portColumn,
  usersColumn,
} from './rdma-columns.js';

export const completionQueueTable: Table<Seen<CompletionQueue>> = {
  ...named('completion queue'),
  fields: fieldsOf('cqs'),
  columns: [
    idColumn('CQ', 'device and number of the completion queue'),
    ...hostAndDevice<Seen<CompletionQueue>>(),
    field('cqn', {
      header: 'CQN',
      kind: 'count',
      show: 'never',
      priority: 99,
      usualWidth: 8,
      summary: 'its number',
    }),
    field('completions', {
      header: 'COMPLETIONS',
      kind: 'count',
      show: 'always',
      priority: 2,
      usualWidth: 11,
      summary: 'room for so many',
    }),
    usersColumn(),
    field('pollContext', {
      header: 'POLL',
      kind: 'text',
      show: 'always',
      priority: 7,
      usualWidth: 18,
      summary: 'how the kernel polls one of its own',
    }),
    field('adaptiveModeration', {
      header: 'ADAPTIVE',
      kind: 'text',
      show: 'wide',
      priority: 11,
      usualWidth: 8,
      summary: 'whether interrupts are moderated by load',
    }),
    contextColumn(),
    ...ownerColumns<Seen<CompletionQueue>>(),
  ],
};

export const memoryRegionTable: Table<Seen<MemoryRegion>> = {
  ...named('memory region'),
  fields: fieldsOf('mrs'),
  columns: [
    idColumn('MR', 'device and number of the memory region'),
    ...hostAndDevice<Seen<MemoryRegion>>(),
    field('mrn', {
      header: 'MRN',
      kind: 'count',
      show: 'never',
      priority: 99,
      usualWidth: 8,
      summary: 'its number',
    }),
    field('lengthBytes', {
      header: 'LENGTH',
      kind: 'bytes',
      show: 'always',
      priority: 2,
      usualWidth: 9,
      summary: 'size of the memory',
    }),
    { ...domainColumn<Seen<MemoryRegion>>(), show: 'always' },
    ...ownerColumns<Seen<MemoryRegion>>(),
  ],
};

export const protectionDomainTable: Table<Seen<ProtectionDomain>> = {
  ...named('protection domain'),
  fields: fieldsOf('pds'),
  columns: [
    idColumn('PD', 'device and number of the protection domain'),
    ...hostAndDevice<Seen<ProtectionDomain>>(),
    field('pdn', {
      header: 'PDN',
      kind: 'count',
      show: 'never',
      priority: 99,
      usualWidth: 8,
      summary: 'its number',
    }),
    usersColumn(),
    contextColumn(),
    ...ownerColumns<Seen<ProtectionDomain>>(),
  ],
};

export const cmIdTable: Table<Seen<CmId>> = {
  ...named('cm_id'),
  fields: fieldsOf('cmids'),
  columns: [
    idColumn('CM ID', 'device and number of the endpoint'),
    ...hostAndDevice<Seen<CmId>>(),
    portColumn(),
    field('cmIdn', {
      header: 'CM IDN',
      kind: 'count',
      show: 'never',
      priority: 99,
      usualWidth: 8,
      summary: 'its number',
    }),
    field('lqpn', {
      header: 'LQPN',
      kind: 'count',
      show: 'always',
      priority: 6,
      usualWidth: 8,
      summary: 'number of its queue pair',
    }),
    field('type', {
      header: 'TYPE',
      kind: 'text',
      show: 'always',
      priority: 8,
      usualWidth: 10,
      summary: 'type of its queue pair',
    }),
    field('portSpace', {
      header: 'SPACE',
      kind: 'text',
      show: 'always',
      priority: 9,
      usualWidth: 6,
      summary: 'port space: TCP, UDP, IB or IPOIB',
    }),
    field('state', {
      header: 'STATE',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 14,
      summary: 'LISTEN, CONNECT, ...',
    }),
    {
      key: 'source',
      header: 'SOURCE',
      kind: 'text',
      show: 'always',
      priority: 2,
      usualWidth: 28,
      summary: 'address and port here',
      value: (row) => endpoint(row.sourceAddress, row.sourcePort),
    },
    {
      key: 'destination',
      header: 'DESTINATION',
      kind: 'text',
      show: 'always',
      priority: 2,
      usualWidth: 28,
      summary: 'address and port at the other end',
      value: (row) => endpoint(row.destinationAddress, row.destinationPort),
    },
    field('sourcePort', {
      header: 'SOURCE PORT',
      kind: 'count',
      show: 'never',
      priority: 99,
      usualWidth: 5,
      summary: 'port here',
    }),
    field('destinationPort', {
      header: 'DESTINATION PORT',
      kind: 'count',
      show: 'never',
      priority: 99,
      usualWidth: 5,
      summary: 'port at the other end',
    }),
    ...ownerColumns<Seen<CmId>>(),
  ],
};

/** What the tables of these objects have alike. */
function named<Row extends { host: string; id: string }>(
  noun: string,
): Omit<Table<Row>, 'columns' | 'fields'> {
  return {
    noun,
    identify: (row) => row.id,
    locate: (row) => `${row.host}/${row.id}`,
    defaultSort: 'id',
  };
}
