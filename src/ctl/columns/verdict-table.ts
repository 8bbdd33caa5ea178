import type { RulesVerdict } from '../../api/rules-change.js';
import type { Seen } from '../../api/seen.js';
import { field, hostField, type Table } from './column.js';

/** What the rules of one VM say. */
export const verdictTable: Table<Seen<RulesVerdict>> = {
  noun: 'verdict',
  identify: (row) => row.vm ?? '',
  locate: (row) => `${row.host}/${row.vm}/${row.direction}`,
  defaultSort: 'host',
  fields: [],
  columns: [
    hostField({ summary: 'the host that says it' }),
    field('vm', {
      header: 'VM',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 16,
      summary: 'the VM whose rules decide',
    }),
    field('direction', {
      header: 'DIRECTION',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 9,
      summary: 'egress at the one end, ingress at the other',
    }),
    field('action', {
      header: 'ACTION',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 6,
      summary: 'allow or deny',
      tone: (row) => (row.action === 'deny' ? 'bad' : 'good'),
    }),
    field('rule', {
      header: 'RULE',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 24,
      summary: 'the rule that decides, or default',
    }),
    field('group', {
      header: 'GROUP',
      kind: 'text',
      show: 'always',
      priority: 2,
      usualWidth: 16,
      summary: 'its group',
    }),
    field('auditAction', {
      header: 'AUDIT',
      kind: 'text',
      show: 'always',
      priority: 3,
      usualWidth: 6,
      summary: 'what it would be if groups in audit mode were enforced',
    }),
    field('auditRule', {
      header: 'AUDIT RULE',
      kind: 'text',
      show: 'always',
      priority: 3,
      usualWidth: 16,
      summary: 'by which rule',
    }),
  ],
};
