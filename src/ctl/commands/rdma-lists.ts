import type { Table } from '../columns/column.js';
import { counterTable } from '../columns/counter-table.js';
import { deviceTable } from '../columns/device-table.js';
import { queuePairTable } from '../columns/queue-pair-table.js';
import {
  cmIdTable,
  completionQueueTable,
  memoryRegionTable,
  protectionDomainTable,
} from '../columns/rdma-object-tables.js';
import type { ListName, SeenRowsOf } from '../../api/lists.js';
import type { Command, Example } from './command.js';
import { defineListCommand, fromApi } from './define-list-command.js';

type RdmaList = Exclude<ListName, 'vms' | 'flows' | 'links' | 'rules' | 'revisions' | 'audit'>;

/** A list of RDMA objects: the command has the list’s name. */
function rdmaCommand<Name extends RdmaList>(
  name: Name,
  table: Table<SeenRowsOf[Name]>,
  summary: string,
  description: readonly string[],
  examples: readonly Example[],
): Command {
  const only = [
    { field: 'device' as const, value: 'DEVICE', summary: 'of this device only; may be repeated' },
  ];
  return defineListCommand<SeenRowsOf[Name]>({
    ...fromApi(name),
    name,
    table,
    summary,
    description: [...description, 'A host without RDMA has none; vsockctl hosts says why.'],
    only,
    examples,
  });
}

const allOwners =
  'All of the host are listed, whoever made them, as the kernel tells of them (rdma resource shows the same).';

export const rdmaCommands: readonly Command[] = [
  rdmaCommand(
    'devices',
    deviceTable,
    'list RDMA devices and their ports',
    [
      'Lists the ports of all RDMA devices, with what the device has in use. A device that goes away while someone watches is shown as gone for a minute.',
    ],
    [
      { line: 'vsockctl devices -o wide', meaning: 'with limits, firmware and GIDs' },
      { line: "vsockctl devices -f 'state!=ACTIVE'", meaning: 'ports that are not up' },
    ],
  ),
  rdmaCommand(
    'qps',
    queuePairTable,
    'list RDMA queue pairs',
    [
      allOwners,
      'PEER HOST, FLOWS, TX and RX are known for the queue pairs by which vsockd itself is linked to other hosts.',
    ],
    [
      { line: 'vsockctl qps -f type=RC', meaning: 'connected queue pairs' },
      { line: "vsockctl qps -f 'peerHost!=-' --watch", meaning: 'vsockd’s own' },
    ],
  ),
  rdmaCommand(
    'cqs',
    completionQueueTable,
    'list RDMA completion queues',
    [allOwners],
    [{ line: 'vsockctl cqs --sort-by completions', meaning: 'the largest first' }],
  ),
  rdmaCommand(
    'mrs',
    memoryRegionTable,
    'list RDMA memory regions',
    [allOwners, 'Keys are not shown: they give access to the memory.'],
    [{ line: 'vsockctl mrs --sort-by lengthBytes', meaning: 'the largest first' }],
  ),
  rdmaCommand(
    'pds',
    protectionDomainTable,
    'list RDMA protection domains',
    [allOwners],
    [{ line: 'vsockctl pds', meaning: 'all of them' }],
  ),
  rdmaCommand(
    'cmids',
    cmIdTable,
    'list endpoints of the RDMA connection manager',
    [allOwners],
    [{ line: 'vsockctl cmids -f state=LISTEN', meaning: 'who waits for connections' }],
  ),
  rdmaCommand(
    'counters',
    counterTable,
    'list counters of RDMA devices, with rates',
    [
      'Lists the standard counters of each port, the driver’s own (rdma statistic shows the same), and those of queue pairs that are bound to a counter set. port_xmit_data and port_rcv_data, which count units of four bytes, are given in bytes.',
      'Rates are known while someone watches: with --watch, or in top.',
    ],
    [
      { line: 'vsockctl counters --watch --sort-by perSecond', meaning: 'what moves' },
      { line: "vsockctl counters -f 'name~err value>0'", meaning: 'errors' },
    ],
  ),
];
