import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Flow } from '../../../src/api/flow.js';
import { Host } from '../../../src/api/host.js';
import { changeHeader, KillRequest, type KillOutcome } from '../../../src/api/kill.js';
import { apiVersionHeader, formatApiVersion, ownApi } from '../../../src/api/version.js';
import { linesType, totalHeader, type List, type ListQuery } from '../../../src/api/define-list.js';
import { listJson, listLines } from '../../../src/daemon/server/list-text.js';
import { selectRows, type Selection } from '../../../src/daemon/server/select-rows.js';
import { listNames, lists, type ListName } from '../../../src/api/lists.js';
import type { FixtureData } from './fixture-data.js';

/** Takes over an answer; false leaves it to the fixture. For hosts that hang, lie or break off. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => boolean;

/** vsockd's API over fixed data, on real Unix sockets. What it answers is checked by the same schemas. */
export class FixtureApi {
  readonly requests: { url: string; client: string | undefined; change: string | undefined; body: string }[] =
    [];
  misbehave: Misbehaviour = () => false;
  readonly #servers: Server[] = [];

  /** Connections that are open now. */
  connections = 0;

  private constructor(readonly data: FixtureData) {}

  static async start(directory: string, data: FixtureData): Promise<FixtureApi> {
    const api = new FixtureApi(data);
    mkdirSync(directory, { recursive: true });
    for (const name of ['read', 'admin']) {
      const server = createServer(
        (request, response) => void api.#serve(name === 'admin', request, response),
      );
      server.on('connection', (socket) => {
        api.connections += 1;
        socket.once('close', () => (api.connections -= 1));
      });
      await new Promise<void>((resolve) => server.listen(join(directory, `${name}.sock`), resolve));
      api.#servers.push(server);
    }
    return api;
  }

  /** How long an idle connection stays open, in milliseconds. */
  set keepAliveMilliseconds(milliseconds: number) {
    for (const server of this.#servers) server.keepAliveTimeout = milliseconds;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  async #serve(mayChange: boolean, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const url = new URL(request.url ?? '/', 'http://vsockd');
    this.requests.push({
      url: `${request.method ?? ''} ${url.pathname}${url.search}`,
      client: request.headers['x-vsocket-client']?.toString(),
      change: request.headers[changeHeader]?.toString(),
      body,
    });
    if (this.misbehave(request, response)) return;
    if (url.pathname === '/v1/host') return answer(response, Host.parse(this.data.host));
    const listed = listNames.find((name) => lists[name].path === url.pathname);
    if (listed !== undefined) {
      const query = lists[listed].query.parse(Object.fromEntries(url.searchParams));
      return sendRows(request, response, await selectAny(listed, this.data, query));
    }
    if (url.pathname === '/v1/flows/kill' && mayChange)
      return this.#kill(KillRequest.parse(JSON.parse(body)), url, response);
    answer(response, { code: 'no-such-thing', message: 'there is no such thing here' }, 404);
  }

  #kill(request: KillRequest, url: URL, response: ServerResponse): void {
    const named = (flow: Flow): boolean =>
      'vm' in request ? flow.vm === request.vm : request.ids.includes(flow.id);
    const items = this.data.flows.filter(named);
    if (url.searchParams.get('dryRun') === 'true') return answer(response, { items, total: items.length });
    this.data.flows = this.data.flows.filter((flow) => !named(flow));
    const outcomes: KillOutcome[] = items.map(({ id }) => ({ id, outcome: 'reset', detail: '' }));
    answer(response, { outcomes });
  }
}

function answer(response: ServerResponse, body: unknown, status = 200): void {
  const headers = { 'content-type': 'application/json', [apiVersionHeader]: formatApiVersion(ownApi) };
  response.writeHead(status, headers).end(JSON.stringify(body));
}

/** As vsockd does: one row a line for whoever asks for it. */
async function sendRows(
  request: IncomingMessage,
  response: ServerResponse,
  selection: Selection<object>,
): Promise<void> {
  const lines = request.headers.accept?.includes(linesType) === true;
  response.writeHead(200, {
    'content-type': lines ? linesType : 'application/json',
    [apiVersionHeader]: formatApiVersion(ownApi),
    ...(lines ? { [totalHeader]: String(selection.total) } : {}),
  });
  const pieces = Readable.from(lines ? listLines(selection) : listJson(selection));
  await pipeline(pieces, response).catch(() => undefined); // vsockctl may go away
}

/** vsockd’s own selection; the type of the rows is nothing to it. */
function selectAny(name: ListName, data: FixtureData, query: ListQuery): Promise<Selection<object>> {
  const list = lists[name] as unknown as List<Record<string, unknown>>;
  return selectRows(list, data[name] as unknown as Record<string, unknown>[], query);
}
