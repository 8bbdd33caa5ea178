import type { KillOutcome } from '../../api/kill.js';
import type { Seen } from '../../api/seen.js';
import { field, hostField, type Table } from './column.js';

/** What became of one flow that was to be killed: what its host said, or `would-reset`, or `unknown`. */
export interface OutcomeRow extends Seen<KillOutcome> {
  host: string;
}

export const outcomeTable: Table<OutcomeRow> = {
  noun: 'kill',
  identify: (row) => row.id,
  locate: (row) => `${row.host}/${row.id}`,
  defaultSort: 'id',
  fields: [],
  columns: [
    field('id', {
      header: 'FLOW',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 24,
      leastWidth: 12,
      summary: 'the flow',
    }),
    hostField({ priority: 2, usualWidth: 24, summary: 'its host' }),
    field('outcome', {
      header: 'OUTCOME',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 12,
      summary: 'reset, would-reset, not-found, failed, unknown (its host was lost meanwhile) or not-tried',
    }),
    field('detail', {
      header: 'DETAIL',
      kind: 'text',
      show: 'always',
      priority: 3,
      usualWidth: 80,
      prose: true,
      summary: 'what there is to say',
    }),
  ],
};
