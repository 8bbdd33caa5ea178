import { flowReasons, flowStates, type Flow } from '../../api/flow.js';
import type { Seen } from '../../api/seen.js';
import { field, fieldsOf, sum, type Table, type Tone } from './column.js';
import { endpoint } from './endpoint.js';

/** One end of a connection; its state is also `closed`: the totals of flows that ended while someone watched. */
export type FlowEnd = Seen<Flow>;

/** A flow as a row; where it stands for both ends of its connection, with the other one. */
export type FlowRow = FlowEnd & { other?: FlowEnd };

/** Whether this end was connected to. Where its host does not say, services have the lower port. */
export function isService(end: FlowEnd): boolean {
  if (end.direction === 'in' || end.direction === 'out') return end.direction === 'in';
  return (end.localPort ?? 0) < (end.remotePort ?? 0);
}

/** The place at this end, by the VM’s name: tenants use the same addresses. */
function near(row: FlowRow): string | null {
  return endpoint(row.vm ?? row.localAddress, row.localPort);
}

function far(row: FlowRow): string | null {
  return endpoint(row.remoteVm ?? row.other?.vm ?? row.remoteAddress, row.remotePort);
}

/** The end that offers the service, and the one that uses it, as far as they are known. */
function serviceEnd(row: FlowRow): FlowEnd | undefined {
  return isService(row) ? row : row.other;
}

function clientEnd(row: FlowRow): FlowEnd | undefined {
  return isService(row) ? row.other : row;
}

/** No host is named so. */
const betweenHosts = '>';

const faint = (row: FlowRow): Tone => (row.state === 'closed' ? 'muted' : 'plain');

export const flowTable: Table<FlowRow> = {
  noun: 'flow',
  identify: (row) => row.id,
  locate: (row) => `${row.host}/${row.id}`,
  defaultSort: 'bytesPerSecond',
  fields: fieldsOf('flows'),
  columns: [
    field('id', {
      header: 'FLOW',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 24,
      leastWidth: 12,
      summary: 'names the flow: VM and socket',
      tone: faint,
    }),
    field('host', {
      header: 'HOST',
      kind: 'text',
      show: 'always',
      priority: 6,
      usualWidth: 12,
      summary: 'host on which the VM runs; hv1>hv2 where the service’s is another one',
      text: (row) => {
        const client = clientEnd(row)?.host ?? row.host;
        const service = serviceEnd(row)?.host ?? client;
        return client === service ? row.host : `${client}${betweenHosts}${service}`;
      },
      joint: betweenHosts,
      tone: faint,
    }),
    field('vm', {
      header: 'VM',
      kind: 'text',
      show: 'wide',
      priority: 14,
      usualWidth: 16,
      summary: 'the VM whose connection it is',
    }),
    {
      key: 'client',
      header: 'CLIENT',
      kind: 'text',
      show: 'always',
      priority: 11,
      usualWidth: 22,
      summary: 'VM or address, and port, that connected',
      value: (row) => (isService(row) ? far(row) : near(row)),
      tone: faint,
    },
    {
      key: 'service',
      header: 'SERVICE',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 24,
      leastWidth: 12,
      summary: 'VM or address, and port, that was connected to',
      value: (row) => (isService(row) ? near(row) : far(row)),
      tone: faint,
    },
    field('tenant', {
      header: 'TENANT',
      kind: 'text',
      show: 'always',
      priority: 2,
      usualWidth: 12,
      leastWidth: 6,
      summary: 'whose VM it is',
      tone: faint,
    }),
    field('vni', {
      header: 'VNI',
      kind: 'count',
      show: 'wide',
      priority: 15,
      usualWidth: 8,
      summary: 'VxLAN network identifier',
    }),
    field('direction', {
      header: 'DIR',
      kind: 'text',
      show: 'always',
      priority: 13,
      usualWidth: 3,
      summary: 'out: the VM connected; in: it accepted',
      tone: faint,
    }),
    {
      key: 'program',
      header: 'PROGRAM',
      kind: 'text',
      show: 'always',
      priority: 2,
      usualWidth: 14,
      leastWidth: 7,
      summary:
        'program at the service’s end where both ends are known, else at this end; as its library gave it',
      tone: faint,
      value: (row) => (row.other === undefined ? row : serviceEnd(row))?.program ?? null,
    },
    {
      key: 'clientProgram',
      header: 'CLIENT PROGRAM',
      kind: 'text',
      show: 'wide',
      priority: 18,
      usualWidth: 14,
      summary: 'program at the end that connected',
      value: (row) => clientEnd(row)?.program ?? null,
      tone: faint,
    },
    field('path', {
      header: 'PATH',
      kind: 'text',
      show: 'always',
      priority: 3,
      usualWidth: 5,
      leastWidth: 4,
      summary: 'how its bytes travel now',
      tone: (row) => (row.state === 'closed' ? 'muted' : row.path === 'tcp' ? 'warning' : 'good'),
    }),
    field('state', {
      header: 'STATE',
      kind: 'text',
      show: 'always',
      priority: 12,
      usualWidth: 11,
      summary: 'established, closing or reset',
      words: [...flowStates, 'closed'],
      tone: (row) => (row.state === 'reset' ? 'bad' : row.state === 'established' ? 'plain' : 'muted'),
    }),
    field('txBytesPerSecond', {
      header: 'TX/S',
      kind: 'rate',
      show: 'always',
      priority: 4,
      usualWidth: 10,
      leastWidth: 10,
      summary: 'bytes a second that the VM sends',
      tone: faint,
    }),
    field('rxBytesPerSecond', {
      header: 'RX/S',
      kind: 'rate',
      show: 'always',
      priority: 5,
      usualWidth: 10,
      leastWidth: 10,
      summary: 'bytes a second that it receives',
      tone: faint,
    }),
    field('txBytes', {
      header: 'TX',
      kind: 'bytes',
      show: 'always',
      priority: 9,
      usualWidth: 9,
      summary: 'bytes sent and delivered',
      tone: faint,
    }),
    field('rxBytes', {
      header: 'RX',
      kind: 'bytes',
      show: 'always',
      priority: 10,
      usualWidth: 9,
      summary: 'bytes delivered to the VM',
      tone: faint,
    }),
    field('establishedAt', {
      header: 'AGE',
      kind: 'time',
      show: 'always',
      priority: 8,
      usualWidth: 7,
      summary: 'since its host first saw it',
      tone: faint,
    }),
    {
      key: 'reason',
      header: 'REASON',
      kind: 'text',
      show: 'always',
      priority: 7,
      usualWidth: 19,
      summary: `why it is on tcp or does not move: ${Object.keys(flowReasons).join(', ')}`,
      // The state has no room in a narrow window, but a flow that ended must not look alive.
      value: (row) => (row.state === 'closed' ? 'closed' : (row.reason ?? row.other?.reason ?? null)),
      tone: () => 'muted',
    },
    {
      key: 'local',
      header: 'LOCAL',
      kind: 'text',
      show: 'wide',
      priority: 21,
      usualWidth: 28,
      summary: 'address and port in the VM',
      value: (row) => endpoint(row.localAddress, row.localPort),
      tone: faint,
    },
    {
      key: 'remote',
      header: 'REMOTE',
      kind: 'text',
      show: 'wide',
      priority: 22,
      usualWidth: 28,
      summary: 'address and port at the other end',
      value: (row) => endpoint(row.remoteAddress, row.remotePort),
      tone: faint,
    },
    field('remoteVm', {
      header: 'PEER',
      kind: 'text',
      show: 'wide',
      priority: 16,
      usualWidth: 16,
      summary: 'the VM at the other end, where its host knows it',
    }),
    field('remoteHost', {
      header: 'PEER HOST',
      kind: 'text',
      show: 'wide',
      priority: 17,
      usualWidth: 16,
      summary: 'the host of the other end, where it is another one',
    }),
    {
      key: 'rule',
      header: 'RULE',
      kind: 'text',
      show: 'wide',
      priority: 23,
      usualWidth: 16,
      summary: 'the rule that let it in, at the service’s end where both ends are known, else at this end',
      value: (row) => (row.other === undefined ? row : serviceEnd(row))?.rule ?? null,
    },
    {
      key: 'clientRule',
      header: 'CLIENT RULE',
      kind: 'text',
      show: 'wide',
      priority: 24,
      usualWidth: 16,
      summary: 'the rule that let it out, at the end that connected',
      value: (row) => clientEnd(row)?.rule ?? null,
    },
    field('pid', {
      header: 'PID',
      kind: 'count',
      show: 'wide',
      priority: 19,
      usualWidth: 8,
      summary: 'process id as the host sees it',
    }),
    field('queuePair', {
      header: 'QP',
      kind: 'count',
      show: 'wide',
      priority: 20,
      usualWidth: 8,
      summary: 'number of the RDMA queue pair that carries it',
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
    {
      key: 'bytes',
      header: 'BYTES',
      kind: 'bytes',
      show: 'never',
      priority: 99,
      usualWidth: 9,
      summary: 'both directions together',
      value: (row) => sum(row.txBytes, row.rxBytes),
    },
    field('connectionId', {
      header: 'CONNECTION',
      kind: 'text',
      show: 'never',
      priority: 99,
      usualWidth: 40,
      summary: 'names the connection at both of its ends: network and places',
    }),
    field('localAddress', {
      header: 'LOCAL ADDRESS',
      kind: 'text',
      show: 'never',
      priority: 99,
      usualWidth: 28,
      summary: 'address in the VM',
    }),
    field('localPort', {
      header: 'LOCAL PORT',
      kind: 'count',
      show: 'never',
      priority: 99,
      usualWidth: 5,
      summary: 'port in the VM',
    }),
    field('remoteAddress', {
      header: 'REMOTE ADDRESS',
      kind: 'text',
      show: 'never',
      priority: 99,
      usualWidth: 28,
      summary: 'address at the other end',
    }),
    field('remotePort', {
      header: 'REMOTE PORT',
      kind: 'count',
      show: 'never',
      priority: 99,
      usualWidth: 5,
      summary: 'port at the other end',
    }),
  ],
};
