import { z } from 'zod';
import type { Flow } from '../../api/flow.js';
import { Host } from '../../api/host.js';
import { KillRequest, KillResponse } from '../../api/kill.js';
import { FlowList, FlowQuery, VmList } from '../../api/lists.js';
import type { Requester } from '../audit/requester.js';
import { selectFlows } from '../flows/select-flows.js';
import { openApiDocument } from './openapi.js';
import { route, type Route } from './route.js';

/** What the API needs of vsockd. */
export interface Backend {
  host(): Promise<Host>;
  vms(): Promise<z.infer<typeof VmList>['items']>;
  flows(): Promise<Flow[]>;
  matching(request: KillRequest): Promise<Flow[]>;
  kill(request: KillRequest, requester: Requester): Promise<KillResponse>;
}

const KillQuery = z.strictObject({
  dryRun: z.enum(['true', 'false']).default('false').describe('true: only list what would be ended'),
});

export function apiRoutes(backend: Backend): Route[] {
  const routes = [
    route({
      method: 'GET',
      path: '/v1/host',
      summary: 'This hypervisor',
      right: 'read',
      query: null,
      body: null,
      answer: Host,
      handle: () => backend.host(),
    }),
    route({
      method: 'GET',
      path: '/v1/vms',
      summary: 'The VMs of this host',
      right: 'read',
      query: null,
      body: null,
      answer: VmList,
      handle: async () => ({ items: await backend.vms() }),
    }),
    route({
      method: 'GET',
      path: '/v1/flows',
      summary: 'The VMs’ flows, filtered, sorted and cut',
      right: 'read',
      query: FlowQuery,
      body: null,
      answer: FlowList,
      handle: async ({ query }) => selectFlows(await backend.flows(), query),
    }),
    route({
      method: 'POST',
      path: '/v1/flows/kill',
      summary: 'End flows with a reset at both ends; with dryRun list them only',
      right: 'change',
      query: KillQuery,
      body: KillRequest,
      answer: z.union([KillResponse, FlowList]),
      handle: async ({ query, body, requester }) => {
        if (query.dryRun === 'false') return backend.kill(body, requester());
        const items = await backend.matching(body);
        return { items, total: items.length };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/openapi.json',
      summary: 'This API as an OpenAPI document',
      right: 'read',
      query: null,
      body: null,
      answer: z.record(z.string(), z.unknown()),
      handle: async () => openApiDocument(routes),
    }),
  ] as Route[];
  return routes;
}
