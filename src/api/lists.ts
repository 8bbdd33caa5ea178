import { z } from 'zod';
import { AuditRow } from './audit-entry.js';
import { Counter, counterSourceNames } from './counter.js';
import { defineList, type List } from './define-list.js';
import { Device } from './device.js';
import { flowFilterFields } from './flow-filter-fields.js';
import { HostLink } from './host-link.js';
import { Flow, flowPaths, flowStates } from './flow.js';
import { CmId, CompletionQueue, MemoryRegion, ProtectionDomain, QueuePair } from './rdma-resources.js';
import { RuleEntry, RuleRevision } from './rule.js';
import type { Seen } from './seen.js';
import { Vm } from './vm.js';

const name = z.string().max(64);
const number = z.coerce.number().int();
const device = name.describe('only this device’s');
const pid = number.describe('only this process’s');

/** What each list has as items. */
export interface RowsOf {
  vms: Vm;
  flows: Flow;
  links: HostLink;
  devices: Device;
  qps: QueuePair;
  cqs: CompletionQueue;
  mrs: MemoryRegion;
  pds: ProtectionDomain;
  cmids: CmId;
  counters: Counter;
  rules: RuleEntry;
  revisions: RuleRevision;
  audit: AuditRow;
}
export type ListName = keyof RowsOf;

/** The same as a client sees them, whatever version its vsockd has. */
export type SeenRowsOf = { [Name in ListName]: Seen<RowsOf[Name]> };

/** Every list of the API. */
export const lists: { [Name in ListName]: List<RowsOf[Name]> } = {
  vms: defineList({
    path: '/v1/vms',
    summary: 'The VMs of this host',
    item: Vm,
    filters: { name, tenant: name, vni: number },
    order: 'name',
  }),
  flows: defineList({
    path: '/v1/flows',
    summary: 'The VMs’ flows',
    item: Flow,
    filters: {
      vm: name.describe('only this VM’s flows'),
      path: z.enum(flowPaths),
      state: z.enum(flowStates),
    },
    order: 'id',
    more: flowFilterFields,
  }),
  links: defineList({
    path: '/v1/links',
    summary: 'The links of this host to others',
    item: HostLink,
    filters: { peerHost: name, state: name, path: name },
    order: 'id',
  }),
  devices: defineList({
    path: '/v1/devices',
    summary: 'The RDMA devices of this host, one item a port',
    item: Device,
    filters: { device, state: name },
    order: 'id',
  }),
  qps: defineList({
    path: '/v1/qps',
    summary: 'All queue pairs of this host’s RDMA devices',
    item: QueuePair,
    filters: { device, lqpn: number, type: name, state: name, pid, peerHost: name },
    order: 'id',
  }),
  cqs: defineList({
    path: '/v1/cqs',
    summary: 'Their completion queues',
    item: CompletionQueue,
    filters: { device, pid },
    order: 'id',
  }),
  mrs: defineList({
    path: '/v1/mrs',
    summary: 'Their memory regions',
    item: MemoryRegion,
    filters: { device, pid },
    order: 'id',
  }),
  pds: defineList({
    path: '/v1/pds',
    summary: 'Their protection domains',
    item: ProtectionDomain,
    filters: { device, pid },
    order: 'id',
  }),
  cmids: defineList({
    path: '/v1/cmids',
    summary: 'Their endpoints of the RDMA connection manager',
    item: CmId,
    filters: { device, state: name, pid },
    order: 'id',
  }),
  counters: defineList({
    path: '/v1/counters',
    summary: 'Counters of this host’s RDMA devices, with rates',
    item: Counter,
    filters: { device, port: number, source: z.enum(counterSourceNames), name },
    order: 'id',
  }),
  rules: defineList({
    path: '/v1/rules',
    summary: 'The rules of this host’s security groups, and its tenants’ defaults',
    item: RuleEntry,
    filters: { tenant: name, group: name, direction: name },
    order: 'id',
  }),
  audit: defineList({
    path: '/v1/audit',
    summary: 'Changes that were asked for, and by whom',
    item: AuditRow,
    filters: { command: name, user: name },
    order: 'id',
  }),
  revisions: defineList({
    path: '/v1/rules/history',
    summary: 'The rule sets that this host has and had',
    item: RuleRevision,
    filters: {},
    order: 'id',
  }),
};

export const listNames = Object.keys(lists) as ListName[];
