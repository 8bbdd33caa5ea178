import type { Host } from '../../api/host.js';
import type { HostOutcome } from '../fleet/fleet.js';
import { field, type Table } from './column.js';

type Unknown<Fields> = { [Key in keyof Fields]: Fields[Key] | null };

/** A host as it was reached, or the reason why it was not; what is not known is null. */
export interface HostRow extends Unknown<Omit<Host, 'name' | 'apiVersion'>> {
  /** The name under which vsockctl reaches the host. */
  host: string;
  status: 'connecting' | 'ok' | 'failed';
  /** Why it failed, for people and for machines. */
  error: string | null;
  errorCode: string | null;
  /** What the host calls itself. */
  name: string | null;
}

export function hostRow(outcome: HostOutcome<Host>): HostRow {
  if (!outcome.ok)
    return {
      ...unknownHost(outcome.host),
      status: 'failed',
      error: outcome.error.message,
      errorCode: outcome.error.code,
    };
  const { name, version, startedAt, vms, flows, fastFlows, txBytesPerSecond, rxBytesPerSecond } =
    outcome.answer;
  const { rdmaDevices, rdmaReason, upgradeAfterCalls, upgradeAfterBytes } = outcome.answer;
  const known = { name, version, startedAt, vms, flows, fastFlows, txBytesPerSecond, rxBytesPerSecond };
  const settings = { rdmaDevices, rdmaReason, upgradeAfterCalls, upgradeAfterBytes };
  return { ...unknownHost(outcome.host), ...known, ...settings, status: 'ok' };
}

/** A host that has not answered yet. */
export function unknownHost(host: string): HostRow {
  return {
    host,
    status: 'connecting',
    error: null,
    errorCode: null,
    name: null,
    version: null,
    startedAt: null,
    vms: null,
    flows: null,
    fastFlows: null,
    txBytesPerSecond: null,
    rxBytesPerSecond: null,
    rdmaDevices: null,
    rdmaReason: null,
    upgradeAfterCalls: null,
    upgradeAfterBytes: null,
  };
}

export const hostTable: Table<HostRow> = {
  noun: 'host',
  identify: (row) => row.host,
  locate: (row) => row.host,
  defaultSort: 'host',
  columns: [
    field('host', {
      header: 'HOST',
      kind: 'text',
      show: 'always',
      priority: 1,
      maximumWidth: 24,
      summary: 'the host’s name in the SSH configuration',
    }),
    field('status', {
      header: 'STATUS',
      kind: 'text',
      show: 'always',
      priority: 1,
      maximumWidth: 10,
      summary: 'ok, failed or connecting',
      tone: (row) => (row.status === 'ok' ? 'good' : row.status === 'failed' ? 'bad' : 'muted'),
    }),
    field('name', {
      header: 'NAME',
      kind: 'text',
      show: 'wide',
      priority: 9,
      maximumWidth: 24,
      summary: 'what the host calls itself',
    }),
    field('version', {
      header: 'VERSION',
      kind: 'text',
      show: 'always',
      priority: 6,
      maximumWidth: 12,
      summary: 'version of its vsockd',
    }),
    field('startedAt', {
      header: 'UP',
      kind: 'time',
      show: 'always',
      priority: 5,
      maximumWidth: 7,
      summary: 'since its vsockd was started',
    }),
    field('vms', {
      header: 'VMS',
      kind: 'count',
      show: 'always',
      priority: 4,
      maximumWidth: 6,
      summary: 'its VMs',
    }),
    field('flows', {
      header: 'FLOWS',
      kind: 'count',
      show: 'always',
      priority: 2,
      maximumWidth: 7,
      summary: 'their flows',
    }),
    field('fastFlows', {
      header: 'FAST',
      kind: 'count',
      show: 'always',
      priority: 3,
      maximumWidth: 7,
      summary: 'flows that are not on path tcp',
      tone: (row) => ((row.fastFlows ?? 0) > 0 ? 'good' : 'plain'),
    }),
    field('txBytesPerSecond', {
      header: 'TX/S',
      kind: 'rate',
      show: 'always',
      priority: 2,
      maximumWidth: 10,
      summary: 'bytes a second that its VMs send',
    }),
    field('rxBytesPerSecond', {
      header: 'RX/S',
      kind: 'rate',
      show: 'always',
      priority: 2,
      maximumWidth: 10,
      summary: 'bytes a second that they receive',
    }),
    {
      key: 'rdma',
      header: 'RDMA',
      kind: 'text',
      show: 'always',
      priority: 7,
      maximumWidth: 22,
      summary: 'its RDMA devices, or why there is none',
      value: (row) => (row.rdmaDevices === 0 ? row.rdmaReason : asText(row.rdmaDevices)),
      tone: (row) => (row.rdmaDevices === 0 ? 'muted' : 'plain'),
    },
    field('rdmaDevices', {
      header: 'RDMA DEVICES',
      kind: 'count',
      show: 'never',
      priority: 99,
      maximumWidth: 12,
      summary: 'number of its RDMA devices',
    }),
    field('rdmaReason', {
      header: 'RDMA REASON',
      kind: 'text',
      show: 'wide',
      priority: 12,
      maximumWidth: 60,
      summary: 'why there is no RDMA device, or why not all is known of it',
    }),
    field('upgradeAfterCalls', {
      header: 'AFTER CALLS',
      kind: 'count',
      show: 'wide',
      priority: 10,
      maximumWidth: 11,
      summary: 'data calls before a flow leaves tcp',
    }),
    field('upgradeAfterBytes', {
      header: 'AFTER BYTES',
      kind: 'bytes',
      show: 'wide',
      priority: 11,
      maximumWidth: 11,
      summary: 'bytes after which it leaves tcp all the same',
    }),
    field('error', {
      header: 'REASON',
      kind: 'text',
      show: 'always',
      priority: 1,
      maximumWidth: 120,
      summary: 'why it cannot be reached',
      tone: () => 'bad',
    }),
    field('errorCode', {
      header: 'ERROR CODE',
      kind: 'text',
      show: 'never',
      priority: 99,
      maximumWidth: 24,
      summary: 'the same, for programs',
    }),
  ],
};

function asText(count: number | null): string | null {
  return count === null ? null : String(count);
}
