import { type Host } from '../../api/host.js';
import type { Seen } from '../../api/seen.js';
import { firstApi, formatApiVersion, ownApi, type ApiVersion } from '../../api/version.js';
import type { HostOutcome } from '../fleet/fleet.js';
import { formatDuration } from '../text/units.js';
import { field, hostField, type Table, type Tone } from './column.js';

/**
 * How a host is reached. `stale`: what it said last is old, and it has not answered since. `skew`: it answers, in
 * another version of the API than ours.
 */
export type HostStatus = 'connecting' | 'ok' | 'stale' | 'skew' | 'failed';

type Unknown<Fields> = { [Key in keyof Fields]: Fields[Key] | null };

/** A host as it was reached, or the reason why it was not; what is not known is null. */
export interface HostRow extends Unknown<Seen<Host>> {
  /** The name under which vsockctl reaches the host. */
  host: string;
  status: HostStatus;
  /** Why it failed, or what is different about it, for people and for machines. */
  error: string | null;
  errorCode: string | null;
  /** What to do about it. */
  remedy: string | null;
  /** When it said what is known of it. ISO 8601. */
  answeredAt: string | null;
  /** How long that has been, in seconds. */
  ageSeconds: number | null;
}

/** When an answer came, and how it is to be judged now. */
export interface Age {
  answeredAt: Date;
  now: Date;
  /** It is old. */
  isStale: boolean;
}

export function hostRow(outcome: HostOutcome<Seen<Host>>, { answeredAt, now, isStale }: Age): HostRow {
  const { host } = outcome;
  if (!outcome.ok) {
    const { message, code, remedy } = outcome.error;
    return { ...unknownHost(host), status: 'failed', error: message, errorCode: code, remedy };
  }
  const skew = skewOf(outcome.answer);
  return {
    ...unknownHost(host),
    ...outcome.answer,
    status: isStale ? 'stale' : skew === null ? 'ok' : 'skew',
    error: skew,
    errorCode: skew === null ? null : 'api-skew',
    answeredAt: answeredAt.toISOString(),
    ageSeconds: Math.max(0, Math.round((now.getTime() - answeredAt.getTime()) / 1000)),
  };
}

/** What another version of its API means; null where it is ours. */
function skewOf(host: Seen<Host>): string | null {
  const api: ApiVersion = {
    version: host.apiVersion ?? firstApi.version,
    revision: host.apiRevision ?? firstApi.revision,
  };
  if (api.version === ownApi.version && api.revision === ownApi.revision) return null;
  const older =
    api.version < ownApi.version || (api.version === ownApi.version && api.revision < ownApi.revision);
  const what = older ? 'older: update its vsockd' : 'newer: update vsockctl';
  return `its vsockd speaks API ${formatApiVersion(api)}, vsockctl ${formatApiVersion(ownApi)}; it is ${what}`;
}

/** It has no device, or uses none of those that it has. */
function isWithoutRdma({ rdmaDevices, rdmaReason }: HostRow): boolean {
  return rdmaDevices === 0 || rdmaReason?.startsWith('software-rdma:') === true;
}

/** A host that has not answered yet. */
export function unknownHost(host: string): HostRow {
  return {
    host,
    status: 'connecting',
    error: null,
    errorCode: null,
    remedy: null,
    answeredAt: null,
    ageSeconds: null,
    name: null,
    version: null,
    apiVersion: null,
    apiRevision: null,
    startedAt: null,
    vms: null,
    flows: null,
    fastFlows: null,
    busyFlows: null,
    txBytesPerSecond: null,
    rxBytesPerSecond: null,
    rdmaDevices: null,
    rdmaReason: null,
    upgradeAfterCalls: null,
    upgradeAfterBytes: null,
  };
}

/** Its figures are of now. */
export function isCurrent(row: HostRow): boolean {
  return row.status === 'ok' || row.status === 'skew';
}

const statusTones: Record<HostStatus, Tone> = {
  connecting: 'muted',
  ok: 'good',
  stale: 'warning',
  skew: 'warning',
  failed: 'bad',
};

export const hostTable: Table<HostRow> = {
  noun: 'host',
  identify: (row) => row.host,
  locate: (row) => row.host,
  defaultSort: 'host',
  fields: [],
  columns: [
    hostField({ usualWidth: 24, leastWidth: 12, summary: 'the host’s name in the SSH configuration' }),
    field('status', {
      header: 'STATUS',
      kind: 'text',
      show: 'always',
      priority: 1,
      usualWidth: 10,
      leastWidth: 10,
      summary:
        'ok; stale: what it said last is so old; skew: its API has another version; failed; connecting',
      text: (row) => (row.status === 'stale' ? `stale ${formatDuration(row.ageSeconds ?? 0)}` : row.status),
      words: Object.keys(statusTones),
      tone: (row) => statusTones[row.status],
    }),
    field('ageSeconds', {
      header: 'AGE',
      kind: 'count',
      show: 'never',
      priority: 99,
      usualWidth: 6,
      summary: 'seconds since it said what is shown of it',
    }),
    {
      key: 'api',
      header: 'API',
      kind: 'text',
      show: 'wide',
      priority: 9,
      usualWidth: 6,
      summary: 'version of the API that its vsockd speaks',
      value: (row) =>
        row.name === null
          ? null
          : formatApiVersion({
              version: row.apiVersion ?? firstApi.version,
              revision: row.apiRevision ?? firstApi.revision,
            }),
    },
    field('name', {
      header: 'NAME',
      kind: 'text',
      show: 'wide',
      priority: 9,
      usualWidth: 24,
      summary: 'what the host calls itself',
    }),
    field('version', {
      header: 'VERSION',
      kind: 'text',
      show: 'always',
      priority: 6,
      usualWidth: 12,
      summary: 'version of its vsockd',
    }),
    field('startedAt', {
      header: 'UP',
      kind: 'time',
      show: 'always',
      priority: 5,
      usualWidth: 7,
      summary: 'since its vsockd was started',
    }),
    field('vms', {
      header: 'VMS',
      kind: 'count',
      show: 'always',
      priority: 4,
      usualWidth: 6,
      summary: 'its VMs',
    }),
    field('flows', {
      header: 'FLOWS',
      kind: 'count',
      show: 'always',
      priority: 2,
      usualWidth: 7,
      summary: 'their flows',
    }),
    field('fastFlows', {
      header: 'FAST',
      kind: 'count',
      show: 'always',
      priority: 3,
      usualWidth: 7,
      summary: 'flows that are not on path tcp',
      tone: (row) => ((row.fastFlows ?? 0) > 0 ? 'good' : 'plain'),
    }),
    field('busyFlows', {
      header: 'BUSY',
      kind: 'count',
      show: 'wide',
      priority: 9,
      usualWidth: 7,
      summary: 'flows that rest on tcp while processors are scarce',
      tone: (row) => ((row.busyFlows ?? 0) > 0 ? 'warning' : 'plain'),
    }),
    field('txBytesPerSecond', {
      header: 'TX/S',
      kind: 'rate',
      show: 'always',
      priority: 2,
      usualWidth: 10,
      summary: 'bytes a second that its VMs send',
    }),
    field('rxBytesPerSecond', {
      header: 'RX/S',
      kind: 'rate',
      show: 'always',
      priority: 2,
      usualWidth: 10,
      summary: 'bytes a second that they receive',
    }),
    {
      key: 'rdma',
      header: 'RDMA',
      kind: 'text',
      show: 'always',
      priority: 7,
      usualWidth: 22,
      summary: 'its RDMA devices, or why there is none, or none in use',
      value: (row) => (isWithoutRdma(row) ? row.rdmaReason : asText(row.rdmaDevices)),
      tone: (row) => (isWithoutRdma(row) ? 'muted' : 'plain'),
    },
    field('rdmaDevices', {
      header: 'RDMA DEVICES',
      kind: 'count',
      show: 'never',
      priority: 99,
      usualWidth: 12,
      summary: 'number of its RDMA devices',
    }),
    field('rdmaReason', {
      header: 'RDMA REASON',
      kind: 'text',
      show: 'wide',
      priority: 12,
      usualWidth: 60,
      prose: true,
      summary: 'why there is no RDMA device, or why not all is known of it',
    }),
    field('upgradeAfterCalls', {
      header: 'AFTER CALLS',
      kind: 'count',
      show: 'wide',
      priority: 10,
      usualWidth: 11,
      summary: 'data calls before a flow leaves tcp',
    }),
    field('upgradeAfterBytes', {
      header: 'AFTER BYTES',
      kind: 'bytes',
      show: 'wide',
      priority: 11,
      usualWidth: 11,
      summary: 'bytes after which it leaves tcp all the same',
    }),
    field('error', {
      header: 'REASON',
      kind: 'text',
      show: 'always',
      priority: 8,
      usualWidth: 40,
      prose: true,
      spans: true,
      summary: 'why it cannot be reached, or what is different about it',
      tone: (row) => (row.status === 'failed' ? 'bad' : 'warning'),
    }),
    field('remedy', {
      header: 'WHAT TO DO',
      kind: 'text',
      show: 'wide',
      priority: 13,
      usualWidth: 40,
      prose: true,
      summary: 'what may help where it cannot be reached',
    }),
    field('errorCode', {
      header: 'ERROR CODE',
      kind: 'text',
      show: 'never',
      priority: 99,
      usualWidth: 24,
      summary: 'the same, for programs',
    }),
  ],
};

function asText(count: number | null): string | null {
  return count === null ? null : String(count);
}
