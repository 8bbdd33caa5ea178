import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { ApiError } from '../../src/api/error.js';
import type { ListAnswer } from '../../src/api/define-list.js';
import { Host } from '../../src/api/host.js';
import { changeHeader, KillResponse } from '../../src/api/kill.js';
import { lists, type RowsOf } from '../../src/api/lists.js';
import type { ZodType } from 'zod';
import * as old from '../api/schemas-1.1/index.js';
import { apiVersionHeader } from '../../src/api/version.js';
import { GuestProgram } from './support/guest-program.js';
import { TestNetwork } from './support/test-network.js';
import { TestVsockd } from './support/test-vsockd.js';

/** A kernel in which RDMA’s core is loaded, with or without devices. */
const hasRdma = existsSync('/sys/class/infiniband');

describe('vsockd', () => {
  let network: TestNetwork;
  let vsockd: TestVsockd;
  let one: GuestProgram;
  let two: GuestProgram;

  before(async () => {
    network = new TestNetwork();
    vsockd = new TestVsockd(network);
    await vsockd.start();
    [one, two] = [new GuestProgram(network.one), new GuestProgram(network.two)];
    const port = await two.tell(`listen l ${network.two.address}`);
    await one.tell(`connect c ${network.two.address} ${port}`);
    await two.tell('accept s l');
    await one.tell('send c 1000');
    await two.tell('read s 1000');
    await sleep(250);
  });
  after(async () => {
    for (const program of [one, two]) await program?.end();
    await vsockd?.stop();
    network?.remove();
  });

  async function flows(query = ''): Promise<ListAnswer<RowsOf['flows']>> {
    const { status, body } = await vsockd.get(`/v1/flows${query}`);
    assert.equal(status, 200);
    return lists.flows.answer.parse(body);
  }

  it('answers on the admin socket while somebody holds all connections that the read socket gives', async () => {
    const held = Array.from({ length: 600 }, () => connect(vsockd.socket('read')));
    try {
      // Those that are too many are closed; the others stay.
      let closed = 0;
      for (const socket of held) socket.on('error', () => undefined).once('close', () => (closed += 1));
      while (closed < 300) await sleep(20);
      assert.equal((await vsockd.get('/v1/host', 'admin')).status, 200);
      assert.ok(readdirSync(`/proc/${vsockd.pid}/fd`).length < 400);
    } finally {
      for (const socket of held) socket.destroy();
    }
    while ((await vsockd.get('/v1/host').catch(() => null)) === null) await sleep(20);
  });

  it('gives a list row by row to whoever asks for lines', async () => {
    const whole = await flows('?sort=-txBytes');
    const { type, total, text } = await vsockd.lines('/v1/flows?sort=-txBytes');
    assert.deepEqual([type, total], ['application/x-ndjson', String(whole.total)]);
    const ids = text
      .trimEnd()
      .split('\n')
      .map((line) => lists.flows.item.parse(JSON.parse(line)).id);
    assert.deepEqual(
      ids,
      whole.items.map(({ id }) => id),
    );
    assert.equal((await vsockd.lines('/v1/flows?filter=vm=nosuch')).text, '');
  });

  it('shows plain programs’ flows with their counts and why they are on tcp', async () => {
    const { items, total } = await flows();
    assert.equal(total, 2);
    const [ofOne, ofTwo] = items;
    assert.ok(ofOne && ofTwo);
    assert.deepEqual(
      [ofOne.vm, ofOne.direction, ofOne.remoteVm, ofOne.txBytes, ofOne.rxBytes, ofOne.path, ofOne.reason],
      ['one', 'out', 'two', 1000, 0, 'tcp', 'no-library'],
    );
    assert.deepEqual([ofTwo.vm, ofTwo.direction, ofTwo.txBytes, ofTwo.rxBytes], ['two', 'in', 0, 1000]);
    assert.equal(ofTwo.remotePort, ofOne.localPort);
    assert.equal(ofTwo.connectionId, ofOne.connectionId);
    assert.equal(
      (await flows(`?filter=${encodeURIComponent(`connectionId="${ofOne.connectionId}"`)}`)).total,
      2,
    );
  });

  it('filters, sorts and cuts', async () => {
    assert.deepEqual(
      (await flows('?vm=two')).items.map((flow) => flow.vm),
      ['two'],
    );
    assert.deepEqual(
      (await flows('?sort=-txBytes')).items.map((flow) => flow.txBytes),
      [1000, 0],
    );
    const cut = await flows('?sort=txBytes&limit=1');
    assert.deepEqual([cut.items.map((flow) => flow.txBytes), cut.total], [[0], 2]);
    assert.equal((await flows('?filter=vm%3Dtwo%20or%20txBytes%3E5')).total, 2);
    assert.equal((await flows('?filter=not%20(vm%3Dtwo)')).total, 1);
    assert.equal((await flows('?path=shm')).total, 0);
    assert.equal((await flows('?state=closing')).total, 0);
  });

  it('describes host and VMs', async () => {
    const host = Host.parse((await vsockd.get('/v1/host')).body);
    assert.deepEqual([host.name, host.vms, host.flows, host.fastFlows], ['hva', 2, 2, 0]);
    const { items } = lists.vms.answer.parse((await vsockd.get('/v1/vms')).body);
    assert.deepEqual(
      items.map((vm) => [vm.name, vm.flows, vm.txBytes, vm.rxBytes]),
      [
        ['one', 1, 1000, 0],
        ['two', 1, 0, 1000],
      ],
    );
  });

  it('has empty lists and the reason on a host without RDMA', { skip: hasRdma }, async () => {
    const host = Host.parse((await vsockd.get('/v1/host')).body);
    assert.deepEqual([host.rdmaDevices, host.rdmaReason], [0, 'no RDMA in the kernel']);
    for (const name of ['devices', 'qps', 'cqs', 'mrs', 'pds', 'cmids', 'counters'] as const) {
      const { status, body } = await vsockd.get(`${lists[name].path}?sort=-id&limit=5&device=rxe0`);
      assert.deepEqual([status, body], [200, { items: [], total: 0 }]);
    }
  });

  it('describes its API', async () => {
    const { status, body } = await vsockd.get('/v1/openapi.json');
    assert.equal(status, 200);
    const { paths } = body as { paths: Record<string, object> };
    assert.deepEqual(Object.keys(paths), [
      '/v1/host',
      ...Object.values(lists).map(({ path }) => path),
      ...['set', 'test', 'apply', 'rollback', 'confirm'].map((name) => `/v1/rules/${name}`),
      '/v1/flows/kill',
      '/v1/openapi.json',
    ]);
  });

  it('tells the version of its API in every answer', async () => {
    for (const path of [
      '/v1/host',
      '/v1/flows',
      '/v1/nothing',
      '/v1/flows?limit=-1',
      '/v1/%zz',
      ...['set', 'test', 'apply', 'rollback', 'confirm'].map((name) => `/v1/rules/${name}`),
      '/v1/flows/kill',
    ])
      assert.match(await vsockd.headers(path), new RegExp(`^${apiVersionHeader}: 1\\.\\d+\r?$`, 'm'), path);
  });

  it('is understood by a client of the version before, which asks in its own words', async () => {
    const asked: [string, ZodType][] = [
      ['/v1/host', old.Host],
      ['/v1/vms', old.list(old.Vm)],
      ['/v1/flows', old.list(old.Flow)],
      ['/v1/flows?vm=one', old.list(old.Flow)],
      ['/v1/links', old.list(old.HostLink)],
      ['/v1/devices', old.list(old.Device)],
      ['/v1/qps?device=rxe0', old.list(old.QueuePair)],
      ['/v1/cqs', old.list(old.CompletionQueue)],
      ['/v1/mrs', old.list(old.MemoryRegion)],
      ['/v1/pds', old.list(old.ProtectionDomain)],
      ['/v1/cmids', old.list(old.CmId)],
      ['/v1/counters', old.list(old.Counter)],
    ];
    for (const [path, schema] of asked) {
      const { status, body } = await vsockd.get(path);
      assert.equal(status, 200, path);
      schema.parse(body);
    }
    // What has been added since is there for those who know it: one name at both ends.
    const now = (await flows()).items.map(({ connectionId }) => connectionId);
    assert.deepEqual([now.length, new Set(now).size, typeof now[0]], [2, 1, 'string']);
    const { body } = await vsockd.post('/v1/flows/kill?dryRun=true', old.KillRequest.parse({ vm: 'one' }));
    assert.equal((old.list(old.Flow).parse(body) as { items: unknown[] }).items.length, 1);
    const killed = await vsockd.post('/v1/flows/kill', old.KillRequest.parse({ ids: ['one:1'] }));
    old.KillResponse.parse(killed.body);
    rmSync(dirname(vsockd.config.auditLog), { recursive: true });
  });

  it('says in one line what is wrong with a request', async () => {
    const cases: Array<[Promise<{ status: number; body: unknown }>, number, string]> = [
      [vsockd.get('/v1/flows?limit=-1'), 400, 'bad-request'],
      [vsockd.get('/v1/qps?lqpn=many'), 400, 'bad-request'],
      [vsockd.get('/v1/flows?colour=red'), 400, 'bad-request'],
      [vsockd.get('/v1/flows?filter=path%3Drmda'), 400, 'bad-filter'],
      [vsockd.get('/v1/%zz'), 400, 'bad-request'],
      [vsockd.get('/v1/nothing'), 404, 'no-such-path'],
      [vsockd.get('/v1/flows/kill'), 405, 'method-not-allowed'],
      [vsockd.post('/v1/host', {}), 405, 'method-not-allowed'],
      [vsockd.post('/v1/flows/kill', { ids: [] }), 400, 'bad-request'],
      [vsockd.post('/v1/flows/kill', { vm: 'nobody' }), 404, 'no-such-vm'],
      [vsockd.post('/v1/flows/kill', { vm: 'one' }, 'read'), 403, 'read-only-socket'],
      [vsockd.post('/v1/flows/kill?dryRun=true', { vm: 'one' }, 'read'), 403, 'read-only-socket'],
    ];
    for (const [answer, status, code] of cases) {
      const given = await answer;
      const error = ApiError.parse(given.body);
      assert.deepEqual([given.status, error.code], [status, code]);
      assert.equal(error.message.includes('\n'), false);
    }
  });

  it('answers what is no HTTP', async () => {
    const socket = connect(vsockd.socket('read'));
    socket.write('what?\r\n\r\n');
    const answer = (await socket.toArray()).join('');
    assert.match(answer, /^HTTP\/1.1 400 .*"code":"bad-request"/s);
  });

  it('keeps the right to change apart by the sockets’ permissions', () => {
    assert.equal(statSync(vsockd.socket('read')).mode & 0o777, 0o660);
    assert.equal(statSync(vsockd.socket('admin')).mode & 0o777, 0o600);
  });

  it('shows what a kill would end, without ending or logging it', async () => {
    const { body } = await vsockd.post('/v1/flows/kill?dryRun=true', { vm: 'one' });
    assert.deepEqual(
      lists.flows.answer.parse(body).items.map((flow) => flow.vm),
      ['one'],
    );
    assert.equal((await flows()).total, 2);
    assert.throws(() => readFileSync(vsockd.config.auditLog), { code: 'ENOENT' });
  });

  it('changes nothing when the audit log cannot be written', async () => {
    mkdirSync(vsockd.config.auditLog, { recursive: true });
    const { status, body } = await vsockd.post('/v1/flows/kill', { vm: 'one' });
    assert.deepEqual([status, ApiError.parse(body).code], [409, 'audit-log-unwritable']);
    rmSync(dirname(vsockd.config.auditLog), { recursive: true });
    assert.equal((await flows()).total, 2);
  });

  it('refuses to start beside a live vsockd', async () => {
    await assert.rejects(
      new TestVsockd(network).start(),
      /another vsockd serves .*read\.sock; stop it first/,
    );
    assert.equal((await flows()).total, 2);
  });

  it('goes on after SIGKILL: stale sockets replaced, flows and totals still there', async () => {
    await one.tell(
      `connect gone ${network.two.address} ${await two.tell(`listen l2 ${network.two.address}`)}`,
    );
    await two.tell('accept gone l2');
    await one.tell('send gone 500');
    await two.tell('read gone 500');
    await one.tell('close gone');
    await two.tell('eof gone');
    await two.tell('close gone');
    // Totals of closed connections are written once a second.
    await sleep(2500);
    assert.equal(await vsockd.stop('SIGKILL'), 'SIGKILL');
    assert.ok(vsockd.hasSockets);
    const totals = join(vsockd.config.runtimeDirectory, 'tcp-totals.json');
    const saved = readFileSync(totals);
    writeFileSync(totals, '{"one":');
    await assert.rejects(vsockd.start(), /tcp-totals\.json holds no totals; remove it, [^\n]+\n$/);
    writeFileSync(totals, saved);
    await vsockd.start();
    assert.equal((await flows()).total, 2);
    const { items } = lists.vms.answer.parse((await vsockd.get('/v1/vms')).body);
    assert.deepEqual(
      items.map((vm) => [vm.txBytes, vm.rxBytes]),
      [
        [1500, 0],
        [0, 1500],
      ],
    );
  });

  it('logs a kill with who asked, before and after', async () => {
    const { body } = await vsockd.post('/v1/flows/kill', { vm: 'one' });
    const [outcome] = KillResponse.parse(body).outcomes;
    assert.equal(outcome?.outcome, 'reset');
    const text = readFileSync(vsockd.config.auditLog, 'utf8');
    const [asked, done, ...rest] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditLine);
    assert.equal(rest.length, 0);
    assert.ok(asked && done);
    assert.deepEqual([asked.phase, done.phase, asked.change === done.change], ['asked', 'done', true]);
    const { uid, user, sshClient, unverifiedNote } = asked.requester;
    assert.deepEqual([uid, user, sshClient, unverifiedNote], [process.getuid?.(), 'root', null, 'tester']);
    assert.equal(asked.what.flows?.[0]?.remoteAddress, network.two.address);
    assert.deepEqual(done.what.outcomes, [outcome]);
    assert.equal(statSync(vsockd.config.auditLog).mode & 0o777, 0o600);
  });

  it('keeps a change under the name that the client gave it, where that is one', async () => {
    const change = randomUUID();
    await vsockd.post('/v1/flows/kill', { ids: ['one:1'] }, 'admin', [`${changeHeader}: ${change}`]);
    await vsockd.post('/v1/flows/kill', { ids: ['one:1'] }, 'admin', [`${changeHeader}: no name`]);
    const changes = readFileSync(vsockd.config.auditLog, 'utf8')
      .trim()
      .split('\n')
      .slice(-4)
      .map((line) => (JSON.parse(line) as AuditLine).change);
    assert.deepEqual(changes.slice(0, 2), [change, change]);
    assert.match(changes[2] ?? '', /^[0-9a-f-]{36}$/);
  });

  it('tells of ids that are no flows', async () => {
    const { body } = await vsockd.post('/v1/flows/kill', { ids: ['one:1', 'one:1'] });
    assert.deepEqual(
      KillResponse.parse(body).outcomes.map(({ id, outcome }) => [id, outcome]),
      [['one:1', 'not-found']],
    );
  });

  it('ends at SIGTERM and takes its sockets along', async () => {
    assert.equal(await vsockd.stop('SIGTERM'), 0);
    assert.equal(vsockd.hasSockets, false);
  });
});

interface AuditLine {
  phase: string;
  change: string;
  requester: { uid: number; user: string; sshClient: string | null; unverifiedNote: string };
  what: { flows?: Array<{ remoteAddress: string }>; outcomes?: unknown };
}
