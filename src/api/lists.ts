import { z } from 'zod';
import { Flow, flowPaths, flowStates } from './flow.js';
import { Vm } from './vm.js';

/** A column to sort by; a minus in front turns the order round. */
const sortable = Object.keys(Flow.shape) as [keyof Flow, ...(keyof Flow)[]];
export const flowSortOrders = sortable.flatMap((column) => [column, `-${column}`] as const);
export type FlowSortOrder = (typeof flowSortOrders)[number];

/** GET /v1/flows: what to list. Different parameters must all hold. */
export const FlowQuery = z.strictObject({
  vm: z.string().max(64).optional().describe('only this VM’s flows'),
  path: z.enum(flowPaths).optional(),
  state: z.enum(flowStates).optional(),
  sort: z.enum(flowSortOrders).default('id').describe('a field of Flow; with a minus in front: descending'),
  limit: z.coerce.number().int().min(0).max(1_000_000).optional().describe('at most so many rows'),
});
export type FlowQuery = z.infer<typeof FlowQuery>;

export const FlowList = z.object({
  items: z.array(Flow),
  total: z.number().int().describe('rows that match, before the limit'),
});
export type FlowList = z.infer<typeof FlowList>;

export const VmList = z.object({ items: z.array(Vm) });
export type VmList = z.infer<typeof VmList>;
