import type { RuleRevision } from '../../api/rule.js';
import type { Seen } from '../../api/seen.js';
import { field, fieldsOf, hostField, type Table } from './column.js';

export const revisionTable: Table<Seen<RuleRevision>> = {
  noun: 'revision',
  identify: (row) => row.id,
  locate: (row) => `${row.host}/${row.id}`,
  defaultSort: 'at',
  fields: fieldsOf('revisions'),
  columns: [
    hostField({ summary: 'the host that has it' }),
    field('revision', {
      header: 'REVISION',
      kind: 'count',
      show: 'always',
      priority: 1,
      usualWidth: 8,
      summary: 'its number on that host',
    }),
    field('at', {
      header: 'AGE',
      kind: 'time',
      show: 'always',
      priority: 1,
      usualWidth: 7,
      summary: 'since it was taken into force',
    }),
    field('by', {
      header: 'BY',
      kind: 'text',
      show: 'always',
      priority: 2,
      usualWidth: 12,
      summary: 'who asked for it; a dash: vsockd itself',
    }),
    field('rules', {
      header: 'RULES',
      kind: 'count',
      show: 'always',
      priority: 3,
      usualWidth: 6,
      summary: 'rules in it',
    }),
    field('inForce', {
      header: 'IN FORCE',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 8,
      summary: 'whether it is the one that holds now',
    }),
    field('confirmBefore', {
      header: 'CONFIRM',
      kind: 'time',
      show: 'always',
      priority: 2,
      usualWidth: 8,
      summary: 'when it is taken back, unless it is confirmed',
    }),
    field('note', {
      header: 'NOTE',
      kind: 'text',
      show: 'always',
      priority: 3,
      usualWidth: 40,
      prose: true,
      summary: 'what was said about it',
    }),
    field('id', {
      header: 'ID',
      kind: 'text',
      show: 'never',
      priority: 99,
      usualWidth: 16,
      summary: 'host and number',
    }),
  ],
};
