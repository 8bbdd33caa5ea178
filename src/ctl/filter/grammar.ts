import { flowTable } from '../columns/flow-table.js';
import { hostTable } from '../columns/host-table.js';
import { counterTable } from '../columns/counter-table.js';
import { deviceTable } from '../columns/device-table.js';
import { queuePairTable } from '../columns/queue-pair-table.js';
import {
  cmIdTable,
  completionQueueTable,
  memoryRegionTable,
  protectionDomainTable,
} from '../columns/rdma-object-tables.js';
import { linkTable } from '../columns/link-table.js';
import { vmTable } from '../columns/vm-table.js';
import { vocabularyOf } from '../columns/vocabulary.js';
import type { Table } from '../columns/column.js';
import { operators } from '../../filter/operators.js';

export const filterHelp: readonly string[] = [
  'A filter is a list of conditions, all of which must hold: path=shm port=6379 txBytesPerSecond>1M',
  'and, or, not and brackets join them otherwise: (vm=red1 or vm=blue*) and not path=tcp. Hosts evaluate the same language (parameter filter of their API), so that only rows that match travel.',
  ...Object.entries(operators).map(([operator, meaning]) => `KEY${operator}VALUE: ${meaning}`),
  'Several values are separated by commas; the same KEY= side by side adds values: vm=red1 vm=red2 is vm=red1,red2.',
  'Numbers may be ranges (port=8000-8099), addresses networks or ranges (remoteAddress=10.0.0.0/8, address=10.0.0.1-10.0.0.9); port= and address= mean either end of a flow. Durations are written age<5m, age>1h30m.',
  'Where the words are known that a value can be (path, state, reason, direction, status), others are an error; in quotes a value is taken as it is, with no patterns.',
  'A word alone is looked for in all text; !WORD must not be in it. Quote values that hold blanks, commas or brackets.',
  'k, M, G, T after a number mean powers of 1024, for bits a second of 1000. A dash stands for what is not known: reason=-',
];

/** The keys of each list, for `--filter` and `--sort-by`. */
export function filterKeys(): string[] {
  return [
    ...keysIn('flows', flowTable),
    ...keysIn('VMs', vmTable),
    ...keysIn('hosts', hostTable),
    ...keysIn('links', linkTable),
    ...keysIn('devices', deviceTable),
    ...keysIn('queue pairs', queuePairTable),
    ...keysIn('completion queues', completionQueueTable),
    ...keysIn('memory regions', memoryRegionTable),
    ...keysIn('protection domains', protectionDomainTable),
    ...keysIn('cm_ids', cmIdTable),
    ...keysIn('counters', counterTable),
  ];
}

/** Columns with what they are; of what only filters know, the names. */
function keysIn<Row>(title: string, table: Table<Row>): string[] {
  const columns = new Set(table.columns.map(({ key }) => key));
  const others = vocabularyOf(table).fields.filter(({ key }) => !columns.has(key));
  return [
    `Keys of ${title}:`,
    ...table.columns.map(({ key, summary }) => `  ${key.padEnd(18)} ${summary}`),
    ...(others.length === 0 ? [] : [`  for filters also: ${others.map(({ key }) => key).join(', ')}`]),
  ];
}
