import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { linesType, type ListQuery } from '../../../src/api/define-list.js';
import type { Flow } from '../../../src/api/flow.js';
import { lists } from '../../../src/api/lists.js';
import { apiServer } from '../../../src/daemon/server/api-server.js';
import { selectRows } from '../../../src/daemon/server/select-rows.js';
import { fixtureData } from '../../ctl/support/fixture-data.js';

const [sample] = fixtureData('alpha', 1).flows;
const flows = Array.from({ length: 1000 }, (_, at): Flow => ({ ...sample!, id: `red1:${1000 + at}` }));
const directory = mkdtempSync(join(tmpdir(), 'vsocket-packed-'));
const socketPath = join(directory, 'read.sock');
let server: FastifyInstance;

before(async () => {
  const { path, summary, query, answer } = lists.flows;
  const handle = ({ query: asked }: { query: unknown }): Promise<unknown> =>
    selectRows(lists.flows, flows, asked as ListQuery);
  const route = { method: 'GET', path, summary, right: 'read', query, body: null, answer, handle } as const;
  server = apiServer([route], 'read', pino({ level: 'silent' }));
  await server.listen({ path: socketPath });
});
after(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

async function get(path: string, headers: Record<string, string>): Promise<[IncomingMessage, Buffer]> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ socketPath, path, headers }, resolve).on('error', reject).end();
  });
  return [answer, await buffer(answer)];
}

for (const accept of [linesType, 'application/json'])
  test(`a long list is packed for who can unpack it, and says the same: ${accept}`, async () => {
    const [plain, text] = await get('/v1/flows', { accept });
    assert.equal(plain.headers['content-encoding'], undefined);
    const [packed, bytes] = await get('/v1/flows', { accept, 'accept-encoding': 'gzip' });
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.deepEqual(gunzipSync(bytes), text);
    assert.ok(bytes.length * 10 < text.length, `${bytes.length} of ${text.length} bytes`);
  });

test('a short list is not packed, and none for who refuses it', async () => {
  for (const [path, accepted] of [
    ['/v1/flows?limit=10', 'gzip'],
    ['/v1/flows', 'gzip;q=0'],
    ['/v1/flows', 'br'],
  ] as const) {
    const [{ headers }] = await get(path, { accept: linesType, 'accept-encoding': accepted });
    assert.equal(headers['content-encoding'], undefined, `${path} ${accepted}`);
  }
});

test('a client that goes away in the midst of a packed list leaves nothing waiting', async () => {
  const headers = { accept: linesType, 'accept-encoding': 'gzip' };
  const asked = request({ socketPath, path: '/v1/flows', headers });
  const answer = await new Promise<IncomingMessage>((resolve) => asked.once('response', resolve).end());
  answer.destroy();
  const [, bytes] = await get('/v1/flows', headers);
  assert.ok(bytes.length > 0);
});
