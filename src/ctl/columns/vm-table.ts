import type { Vm } from '../../api/vm.js';
import type { Seen } from '../../api/seen.js';
import { field, fieldsOf, sum, type Table } from './column.js';

export type VmRow = Seen<Vm>;

type Budget = NonNullable<VmRow['budgets']>[number];

function isInUse({ used, exceeded }: Budget): boolean {
  return (used ?? 0) > 0 || (exceeded ?? 0) > 0;
}

function describeBudget({ name, used, limit, exceeded }: Budget): string {
  const throttled = (exceeded ?? 0) > 0 ? ` (${exceeded} times more)` : '';
  return `${name} ${used}/${limit}${throttled}`;
}

export const vmTable: Table<VmRow> = {
  noun: 'VM',
  identify: (row) => row.name,
  locate: (row) => `${row.host}/${row.name}`,
  defaultSort: 'name',
  fields: fieldsOf('vms'),
  columns: [
    field('name', {
      header: 'VM',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 24,
      leastWidth: 12,
      summary: 'the VM’s name',
    }),
    field('host', {
      header: 'HOST',
      kind: 'text',
      show: 'always',
      priority: 3,
      usualWidth: 16,
      summary: 'host on which it runs',
    }),
    field('tenant', {
      header: 'TENANT',
      kind: 'text',
      show: 'always',
      priority: 4,
      usualWidth: 14,
      summary: 'whose VM it is',
    }),
    field('vni', {
      header: 'VNI',
      kind: 'count',
      show: 'always',
      priority: 7,
      usualWidth: 8,
      summary: 'VxLAN network identifier',
    }),
    field('addresses', {
      header: 'ADDRESSES',
      kind: 'text',
      show: 'always',
      priority: 5,
      usualWidth: 32,
      summary: 'its addresses in that network',
    }),
    field('interface', {
      header: 'INTERFACE',
      kind: 'text',
      show: 'wide',
      priority: 9,
      usualWidth: 15,
      summary: 'the host’s end of its network interface',
    }),
    field('processes', {
      header: 'PROCESSES',
      kind: 'count',
      show: 'always',
      priority: 8,
      usualWidth: 9,
      summary: 'processes with libvsocket now',
    }),
    field('flows', {
      header: 'FLOWS',
      kind: 'count',
      show: 'always',
      priority: 2,
      usualWidth: 7,
      summary: 'its flows',
    }),
    field('fastFlows', {
      header: 'FAST',
      kind: 'count',
      show: 'always',
      priority: 2,
      usualWidth: 7,
      summary: 'its flows that are not on path tcp',
      tone: (row) => ((row.fastFlows ?? 0) > 0 ? 'good' : 'plain'),
    }),
    field('busyFlows', {
      header: 'BUSY',
      kind: 'count',
      show: 'wide',
      priority: 8,
      usualWidth: 7,
      summary: 'its flows that rest on tcp while processors are scarce',
      tone: (row) => ((row.busyFlows ?? 0) > 0 ? 'warning' : 'plain'),
    }),
    field('txBytesPerSecond', {
      header: 'TX/S',
      kind: 'rate',
      show: 'always',
      priority: 1,
      usualWidth: 10,
      summary: 'bytes a second that it sends',
    }),
    field('rxBytesPerSecond', {
      header: 'RX/S',
      kind: 'rate',
      show: 'always',
      priority: 1,
      usualWidth: 10,
      summary: 'bytes a second that it receives',
    }),
    field('txBytes', {
      header: 'TX',
      kind: 'bytes',
      show: 'always',
      priority: 6,
      usualWidth: 9,
      summary: 'bytes sent over all flows it ever had',
    }),
    field('rxBytes', {
      header: 'RX',
      kind: 'bytes',
      show: 'always',
      priority: 6,
      usualWidth: 9,
      summary: 'bytes received over all flows it ever had',
    }),
    field('problem', {
      header: 'PROBLEM',
      kind: 'text',
      show: 'always',
      priority: 3,
      usualWidth: 40,
      prose: true,
      summary: 'why its host cannot serve it; it is tried again',
      tone: () => 'bad',
    }),
    {
      ...field<VmRow, 'budgets'>('budgets', {
        header: 'USES/LIMIT',
        kind: 'text',
        show: 'wide',
        priority: 10,
        usualWidth: 60,
        summary: 'what it makes vsockd do, beside what it may, and how often it wanted more',
        tone: (row) => ((row.exceeded ?? 0) > 0 ? 'warning' : 'plain'),
      }),
      value: (row) => row.budgets?.filter(isInUse).map(describeBudget).join(', ') ?? null,
    },
    field('exceeded', {
      header: 'THROTTLED',
      kind: 'count',
      show: 'wide',
      priority: 8,
      usualWidth: 9,
      summary: 'how often it wanted to make vsockd do more than it may, and had to wait',
      tone: (row) => ((row.exceeded ?? 0) > 0 ? 'warning' : 'plain'),
    }),
    {
      key: 'bytesPerSecond',
      header: 'BYTES/S',
      kind: 'rate',
      show: 'never',
      priority: 99,
      usualWidth: 10,
      summary: 'both directions together',
      value: (row) => sum(row.txBytesPerSecond, row.rxBytesPerSecond),
    },
  ],
};
