import { field, hostField, type Table } from './column.js';

/** One thing that a change of rules does on a host: to a rule, a group, a VM or a default, or to a live flow. */
export interface EffectRow {
  host: string;
  effect: string;
  kind: string;
  name: string;
  detail: string;
}

export const effectTable: Table<EffectRow> = {
  noun: 'change',
  identify: (row) => row.name,
  locate: (row) => `${row.host}/${row.kind}/${row.name}`,
  defaultSort: 'host',
  fields: [],
  columns: [
    hostField({ summary: 'the host where it happens' }),
    field('effect', {
      header: 'EFFECT',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 8,
      summary: 'added, removed, changed; ends: a live flow that is not allowed any more',
      tone: (row) => (row.effect === 'ends' ? 'bad' : 'plain'),
    }),
    field('kind', {
      header: 'KIND',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 8,
      summary: 'rule, group, vm, default or flow',
    }),
    field('name', {
      header: 'NAME',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 24,
      leastWidth: 12,
      summary: 'tenant and name, or the flow’s id',
    }),
    field('detail', {
      header: 'DETAIL',
      kind: 'text',
      show: 'always',
      priority: 2,
      usualWidth: 60,
      prose: true,
      summary: 'what it is now; of a flow, its ends and the rule',
    }),
  ],
};
