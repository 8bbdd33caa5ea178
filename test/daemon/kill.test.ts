import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { KillResponse } from '../../src/api/kill.js';
import { lists } from '../../src/api/lists.js';
import { GuestProgram } from './support/guest-program.js';
import { TestNetwork, type TestVm } from './support/test-network.js';
import { TestVsockd } from './support/test-vsockd.js';

describe('kill of plain programs’ connections', () => {
  let network: TestNetwork;
  let vsockd: TestVsockd;
  let one: GuestProgram;
  let two: GuestProgram;
  let far: GuestProgram;

  before(async () => {
    network = new TestNetwork();
    vsockd = new TestVsockd(network);
    await vsockd.start();
    [one, two, far] = [network.one, network.two, network.far].map((vm) => new GuestProgram(vm)) as [
      GuestProgram,
      GuestProgram,
      GuestProgram,
    ];
  });
  after(async () => {
    for (const program of [one, two, far]) await program?.end();
    await vsockd?.stop();
    network?.remove();
  });

  /** Connects `c` of VM one with `s` of the server. @returns the flow’s id as VM one has it */
  async function connected(server: GuestProgram, address: string): Promise<string> {
    const port = await server.tell(`listen l ${address}`);
    const localPort = Number(await one.tell(`connect c ${address} ${port}`));
    await server.tell('accept s l');
    await one.tell('send c 10');
    await server.tell('read s 10');
    for (;;) {
      const { items } = lists.flows.answer.parse((await vsockd.get('/v1/flows?vm=one')).body);
      const flow = items.find((candidate) => candidate.localPort === localPort);
      if (flow) return flow.id;
      await sleep(50);
    }
  }

  async function kill(id: string): Promise<void> {
    const { status, body } = await vsockd.post('/v1/flows/kill', { ids: [id] });
    assert.equal(status, 200);
    assert.deepEqual(KillResponse.parse(body).outcomes, [{ id, outcome: 'reset', detail: '' }], vsockd.log);
  }

  const places: Array<[string, () => GuestProgram, (vm: TestNetwork) => TestVm]> = [
    ['on this host', () => two, (it) => it.two],
    ['on another host', () => far, (it) => it.far],
  ];
  for (const [place, server, vm] of places)
    for (const family of ['address', 'address6'] as const) {
      it(`resets both programs, idle, peer ${place}, ${family}`, async () => {
        const id = await connected(server(), vm(network)[family]);
        await kill(id);
        assert.equal(await one.tell('error c 1000'), 'ECONNRESET');
        assert.equal(await server().tell('error s 1000'), 'ECONNRESET');
      });

      it(`resets both programs, busy both ways, peer ${place}, ${family}`, async () => {
        const id = await connected(server(), vm(network)[family]);
        for (const [program, name] of [
          [one, 'c'],
          [server(), 's'],
        ] as const) {
          await program.tell(`pump ${name}`);
          await program.tell(`drain ${name}`);
        }
        await kill(id);
        for (const [program, name] of [
          [one, 'c'],
          [server(), 's'],
        ] as const)
          assert.match(await program.tell(`endings ${name} 1000`), /ECONNRESET/);
      });
    }

  it('ends half-closed connections: the side that sent FIN sees a reset, the other a broken pipe', async () => {
    const id = await connected(two, network.two.address);
    await one.tell('shutdown c');
    assert.equal(await two.tell('eof s'), '0');
    await kill(id);
    assert.equal(await one.tell('error c 1000'), 'ECONNRESET');
    assert.equal(await two.tell('error s 1000'), 'EPIPE');
  });

  it('aborts what no reset of ours can reach: a connection within one VM', async () => {
    const id = await connected(one, network.one.address);
    const { body } = await vsockd.post('/v1/flows/kill', { ids: [id] });
    const [outcome] = KillResponse.parse(body).outcomes;
    assert.equal(outcome?.outcome, 'reset');
    assert.match(outcome?.detail ?? '', /ECONNABORTED/);
    assert.equal(await one.tell('error c 1000'), 'ECONNABORTED');
    assert.equal(await one.tell('error s 1000'), 'ECONNRESET');
  });

  it('ends all flows of a VM, and connections asked for at both ends once', async () => {
    const port = await two.tell(`listen many ${network.two.address}`);
    await one.tell(`many m ${network.two.address} ${port} 100`);
    await two.tell('accept-many n many 100');
    const before = lists.flows.answer.parse(
      (await vsockd.post('/v1/flows/kill?dryRun=true', { vm: 'one' })).body,
    );
    const ofTwo = lists.flows.answer.parse(
      (await vsockd.post('/v1/flows/kill?dryRun=true', { vm: 'two' })).body,
    );
    const ids = [...before.items, ...ofTwo.items].map((flow) => flow.id);
    const { outcomes } = KillResponse.parse((await vsockd.post('/v1/flows/kill', { ids })).body);
    assert.ok(outcomes.length >= 200);
    for (const { outcome, detail } of outcomes) assert.deepEqual([outcome, detail], ['reset', '']);
    assert.equal(await one.tell('error m99 1000'), 'ECONNRESET');
    assert.equal(await two.tell('error n0 1000'), 'ECONNRESET');
  });

  it('leaves no rule behind, and other connections alone', async () => {
    const id = await connected(two, network.two.address);
    await one.tell(
      `connect other ${network.two.address} ${await two.tell(`listen l2 ${network.two.address}`)}`,
    );
    await two.tell('accept other l2');
    await kill(id);
    await one.tell('send other 5');
    assert.equal(await two.tell('read other 5'), 'ok');
    assert.equal(vsockd.log.includes('"warn"'), false, vsockd.log);
    const tables = execFileSync('ip', ['netns', 'exec', network.host, 'nft', 'list', 'tables'], {
      encoding: 'utf8',
    });
    assert.equal(tables, 'table bridge vsocket\n', 'only that of the security groups');
  });
});
