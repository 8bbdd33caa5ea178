import { counterSources, type Counter } from '../../api/counter.js';
import type { Seen } from '../../api/seen.js';
import { field, fieldsOf, type Table } from './column.js';
import { hostAndDevice, portColumn } from './rdma-columns.js';

export const counterTable: Table<Seen<Counter>> = {
  noun: 'counter',
  identify: (row) => row.id,
  locate: (row) => `${row.host}/${row.id}`,
  defaultSort: 'id',
  fields: fieldsOf('counters'),
  columns: [
    {
      key: 'link',
      header: 'DEVICE',
      kind: 'text',
      show: 'always',
      priority: 2,
      usualWidth: 20,
      leastWidth: 10,
      summary: 'device and port',
      value: (row) => (row.port === null ? row.device : `${row.device}/${String(row.port)}`),
    },
    ...hostAndDevice<Seen<Counter>>(),
    portColumn(),
    field('name', {
      header: 'COUNTER',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 40,
      leastWidth: 16,
      summary: 'the kernel’s name of it',
    }),
    field('value', {
      header: 'VALUE',
      kind: 'count',
      show: 'always',
      priority: 1,
      usualWidth: 20,
      summary: 'how much; data in bytes',
      kindOf: (row) => (row.unit === 'bytes' ? 'bytes' : 'count'),
    }),
    field('perSecond', {
      header: 'PER SECOND',
      kind: 'frequency',
      show: 'always',
      priority: 1,
      usualWidth: 12,
      summary: 'how fast it grows; unknown until there were two looks',
      kindOf: (row) => (row.unit === 'bytes' ? 'rate' : 'frequency'),
    }),
    field('source', {
      header: 'SOURCE',
      kind: 'text',
      show: 'always',
      priority: 4,
      usualWidth: 10,
      summary: Object.entries(counterSources)
        .map(([name, meaning]) => `${name}: ${meaning}`)
        .join('; '),
    }),
    field('set', {
      header: 'SET',
      kind: 'count',
      show: 'wide',
      priority: 13,
      usualWidth: 8,
      summary: 'number of the counter set to which queue pairs are bound',
    }),
    field('lqpns', {
      header: 'QUEUE PAIRS',
      kind: 'text',
      show: 'always',
      priority: 5,
      usualWidth: 24,
      summary: 'the queue pairs that are bound',
    }),
    field('unit', {
      header: 'UNIT',
      kind: 'text',
      show: 'wide',
      priority: 14,
      usualWidth: 5,
      summary: 'count or bytes',
    }),
    field('id', {
      header: 'ID',
      kind: 'text',
      show: 'never',
      priority: 99,
      usualWidth: 60,
      summary: 'device, port and name',
    }),
  ],
};
