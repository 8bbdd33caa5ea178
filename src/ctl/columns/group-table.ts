import { field, hostField, type Table } from './column.js';

/** A security group as one host has it. */
export interface GroupRow {
  host: string;
  id: string;
  mode: string;
  rules: number;
  vms: string[];
  description: string;
}

export const groupTable: Table<GroupRow> = {
  noun: 'group',
  identify: (row) => row.id,
  locate: (row) => `${row.host}/${row.id}`,
  defaultSort: 'host',
  fields: [],
  columns: [
    hostField({ summary: 'the host that has it' }),
    field('id', {
      header: 'GROUP',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 24,
      leastWidth: 12,
      summary: 'tenant and group',
    }),
    field('mode', {
      header: 'MODE',
      kind: 'text',
      show: 'always',
      priority: 2,
      usualWidth: 7,
      summary: 'enforce, or audit: its rules only count',
    }),
    field('rules', {
      header: 'RULES',
      kind: 'count',
      show: 'always',
      priority: 2,
      usualWidth: 6,
      summary: 'rules in it',
    }),
    field('vms', {
      header: 'VMS',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 40,
      prose: true,
      summary: 'VMs in it, on whatever hosts',
    }),
    field('description', {
      header: 'DESCRIPTION',
      kind: 'text',
      show: 'wide',
      priority: 3,
      usualWidth: 40,
      prose: true,
      summary: 'what its author says',
    }),
  ],
};
