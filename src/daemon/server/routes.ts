import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Flow } from '../../api/flow.js';
import { Host } from '../../api/host.js';
import { KillRequest, KillResponse } from '../../api/kill.js';
import type { List, ListQuery } from '../../api/define-list.js';
import { listNames, lists, type ListName, type RowsOf } from '../../api/lists.js';
import type { Requester } from '../audit/requester.js';
import { openApiDocument } from './openapi.js';
import { route, type Route } from './route.js';
import { selectRows } from './select-rows.js';

/** What the API needs of vsockd. */
export interface Backend {
  host(): Promise<Host>;
  lists: { [Name in ListName]: () => Promise<Iterable<RowsOf[Name]>> };
  matching(request: KillRequest): Promise<Flow[]>;
  kill(request: KillRequest, change: string, requester: Requester): Promise<KillResponse>;
}

const KillQuery = z.strictObject({
  dryRun: z.enum(['true', 'false']).default('false').describe('true: only list what would be ended'),
});

/** @param more routes of other parts of vsockd */
export function apiRoutes(backend: Backend, more: readonly Route[] = []): Route[] {
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
    ...listNames.map((name) => listRoute(name, backend)),
    ...more,
    route({
      method: 'POST',
      path: '/v1/flows/kill',
      summary: 'End flows with a reset at both ends; with dryRun list them only',
      right: 'change',
      query: KillQuery,
      body: KillRequest,
      answer: z.union([KillResponse, lists.flows.answer]),
      handle: async ({ query, body, change, requester }) => {
        if (query.dryRun === 'false') return backend.kill(body, change ?? randomUUID(), requester());
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

function listRoute<Name extends ListName>(name: Name, backend: Backend): Route {
  const list: List<RowsOf[Name]> = lists[name];
  return {
    method: 'GET',
    path: list.path,
    summary: `${list.summary}, filtered, sorted and cut`,
    right: 'read',
    query: list.query,
    body: null,
    answer: list.answer,
    row: list.item,
    // The query has been checked by the route’s own schema.
    handle: async ({ query }) => selectRows(list, await backend.lists[name](), query as ListQuery),
  };
}
