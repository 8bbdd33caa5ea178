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
import { vmTable } from '../columns/vm-table.js';

/** The filter language, as data: the parser, the help and the man pages read it from here. */
export const operators = {
  '!=': 'is none of the values',
  '!~': 'contains none of the values',
  '<=': 'is at most',
  '>=': 'is at least',
  '=': 'is one of the values; * stands for anything',
  '~': 'contains one of the values',
  '<': 'is less than',
  '>': 'is more than',
} as const;

export type Operator = keyof typeof operators;

/** Longest first, so that `<=` is not read as `<`. */
export const operatorsByLength = Object.keys(operators) as Operator[];

export const filterHelp: readonly string[] = [
  'A filter is a list of conditions, all of which must hold: path=shm remotePort=6379 txBytesPerSecond>1M',
  ...Object.entries(operators).map(([operator, meaning]) => `KEY${operator}VALUE: ${meaning}`),
  'Several values are separated by commas; the same KEY= given again adds values: vm=red1 vm=red2 is vm=red1,red2.',
  'A word alone is looked for in all shown text; !WORD must not be in it. Quote values that hold blanks or commas.',
  'k, M, G, T after a number mean powers of 1024, for bits a second of 1000. A dash stands for what is not known: reason=-',
];

/** The keys of each list, for `--filter` and `--sort-by`. */
export function filterKeys(): string[] {
  const titles: [string, { key: string; summary: string }[]][] = [
    ['flows', [...flowTable.columns]],
    ['VMs', [...vmTable.columns]],
    ['hosts', [...hostTable.columns]],
    ['devices', [...deviceTable.columns]],
    ['queue pairs', [...queuePairTable.columns]],
    ['completion queues', [...completionQueueTable.columns]],
    ['memory regions', [...memoryRegionTable.columns]],
    ['protection domains', [...protectionDomainTable.columns]],
    ['cm_ids', [...cmIdTable.columns]],
    ['counters', [...counterTable.columns]],
  ];
  return titles.flatMap(([title, columns]) => [
    `Keys of ${title}:`,
    ...columns.map(({ key, summary }) => `  ${key.padEnd(18)} ${summary}`),
  ]);
}
