import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { ApiError } from '../../src/api/error.js';
import type { Flow } from '../../src/api/flow.js';
import { KillResponse } from '../../src/api/kill.js';
import { lists } from '../../src/api/lists.js';
import type { RuleEntry } from '../../src/api/rule.js';
import { RulesChanged, RulesInForce, RulesVerdict } from '../../src/api/rules-change.js';
import type { LiveEnd } from '../../src/daemon/rules/live-end.js';
import { bothSidesOf, KernelLiveEnds } from '../../src/daemon/rules/live-ends.js';
import { inNetworkNamespace } from '../../src/native/network-namespace.js';
import { liveSet } from '../../src/rules/nft/live-sets.js';
import { vmPrefix } from '../../src/rules/nft/names.js';
import { GuestProgram } from './support/guest-program.js';
import { TestNetwork } from './support/test-network.js';
import { TestVsockd } from './support/test-vsockd.js';

const limitMilliseconds = 60_000;

async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + limitMilliseconds;
  while (!(await condition())) {
    assert.ok(performance.now() < end, `not within a minute: ${what}`);
    await sleep(20);
  }
}

interface Rules {
  rules?: object[];
  vms?: object;
  defaults?: object;
}

const ruleSet = ({ rules = [], vms = { two: ['g'] }, defaults = {} }: Rules): object => ({
  version: 1,
  tenants: { red: { defaults, groups: { g: { rules } }, vms } },
});

const openTcp = { rules: [{ id: 'tcp-in', direction: 'ingress', protocol: 'tcp' }] };

describe('security groups', () => {
  let network: TestNetwork;
  let vsockd: TestVsockd;
  let one: GuestProgram;
  let two: GuestProgram;

  before(async () => {
    network = new TestNetwork();
    vsockd = new TestVsockd(network);
    await vsockd.start();
    [one, two] = [new GuestProgram(network.one), new GuestProgram(network.two)];
  });
  after(async () => {
    for (const program of [one, two]) await program?.end();
    await vsockd?.stop();
    network?.remove();
  });
  beforeEach(() => apply({ vms: {}, defaults: { ingress: 'allow' } }));

  afterEach(async () => {
    for (const { client, server } of open.splice(0)) {
      await one.tell(`close ${client}`);
      await two.tell(`close ${server}`);
    }
  });

  const nft = (...words: string[]): string =>
    execFileSync('ip', ['netns', 'exec', network.host, 'nft', ...words], { encoding: 'utf8' });

  async function apply(rules: Rules, more: object = {}): Promise<RulesChanged> {
    const { status, body } = await vsockd.post('/v1/rules/apply', { ruleSet: ruleSet(rules), ...more });
    assert.equal(status, 200, JSON.stringify(body));
    return RulesChanged.parse(body);
  }

  async function inForce(): Promise<RulesInForce> {
    return RulesInForce.parse((await vsockd.get('/v1/rules/set')).body);
  }

  interface Connection {
    client: string;
    server: string;
    clientPort: number;
  }
  const open: Connection[] = [];
  let names = 0;
  /** A connection from one to two. @returns the names that its programs have for it */
  async function connected(family: 'address' | 'address6' = 'address'): Promise<Connection> {
    const id = names++;
    const [client, server] = [`c${id}`, `s${id}`];
    const port = await two.tell(`listen l${id} ${network.two[family]}`);
    const clientPort = Number(await one.tell(`connect ${client} ${network.two[family]} ${port}`));
    await two.tell(`accept ${server} l${id}`);
    await one.tell(`send ${client} 10`);
    await two.tell(`read ${server} 10`);
    const connection = { client, server, clientPort };
    open.push(connection);
    return connection;
  }

  async function works({ client, server }: Connection): Promise<void> {
    await one.tell(`send ${client} 1000`);
    assert.equal(await two.tell(`read ${server} 1000`), 'ok');
  }

  const rulesOf = async (id: string): Promise<RuleEntry[]> =>
    lists.rules.answer.parse((await vsockd.get('/v1/rules')).body).items.filter((rule) => rule.id === id);

  it('let in what a rule allows, count it, and keep the rest out', async () => {
    await apply(openTcp);
    await works(await connected());
    await works(await connected('address6'));
    const [rule] = await rulesOf('red/tcp-in');
    assert.deepEqual([rule?.hits, rule?.vms, rule?.group], [2, 1, 'g']);
    // Each flow says by which rule it is here, and the rule what is open by it, and how much that has moved.
    await eventually('the rule has its flows', async () => {
      const [now] = await rulesOf('red/tcp-in');
      return now?.flows === 2 && now.flowBytes === 2 * (10 + 1000);
    });
    const { items: flows } = lists.flows.answer.parse((await vsockd.get('/v1/flows')).body);
    assert.deepEqual(
      flows.map(({ vm, direction, rule: by }) => `${vm} ${direction} ${by ?? 'none'}`).sort(),
      ['one out default', 'one out default', 'two in tcp-in', 'two in tcp-in'],
    );
    // Two may not be asked by anything else, one by nothing.
    const ping = (from: string, to: string): boolean => {
      try {
        execFileSync('ip', ['netns', 'exec', from, 'ping', '-c1', '-W1', to], { stdio: 'ignore' });
        return true;
      } catch {
        return false;
      }
    };
    assert.equal(ping(network.one.namespace, network.two.address), false);
    assert.equal(ping(network.two.namespace, network.one.address), false);
    await apply({ ...openTcp, defaults: { ingress: 'allow' } });
    assert.equal(ping(network.one.namespace, network.two.address), true);
    assert.equal(ping(network.one.namespace, network.two.address6), true);
  });

  it('end a live flow that a change does not allow; a dry run names it, and the others live on', async () => {
    const port22 = {
      id: 'not-one',
      direction: 'ingress',
      action: 'deny',
      remote: { cidr: `${network.one.address}/32` },
    };
    await apply(openTcp);
    const [ended, kept] = [await connected(), await connected('address6')];
    const change = { rules: [...openTcp.rules, port22] };
    const { status, body } = await vsockd.post('/v1/rules/apply?dryRun=true', { ruleSet: ruleSet(change) });
    assert.equal(status, 200);
    const plan = RulesChanged.parse(body);
    assert.deepEqual(
      plan.changes.map(({ change, name }) => `${change} ${name}`),
      ['added not-one'],
    );
    assert.deepEqual(
      plan.flows.map(({ rule, id }) => [rule, id.split(':')[0]]),
      [['not-one', 'two']],
    );
    await works(ended);
    const done = await apply(change);
    assert.deepEqual(done.flows, plan.flows);
    assert.equal(await one.tell(`error ${ended.client} ${limitMilliseconds}`), 'ECONNRESET');
    assert.equal(await two.tell(`error ${ended.server} ${limitMilliseconds}`), 'ECONNRESET');
    await works(kept);
    await eventually('the event is told', () => vsockd.log.includes('"event":"flow-revoked"'));
  });

  it('that the kernel refuses let what was cut pass again', async () => {
    await apply(openTcp);
    const open = await connected();
    const before = await vsockd.get('/v1/rules/set');
    mkdirSync(vsockd.programs);
    writeFileSync(
      join(vsockd.programs, 'nft'),
      '#!/bin/sh\ncat >/dev/null; sleep 0.3; echo no room >&2; exit 1\n',
      {
        mode: 0o755,
      },
    );
    try {
      const denied = vsockd.post('/v1/rules/apply', { ruleSet: ruleSet({ rules: [] }) });
      await two.tell(`send ${open.server} 1000`);
      const { status, body } = await denied;
      assert.equal(status, 500);
      const { code, message } = ApiError.parse(body);
      assert.equal(code, 'rules-not-enforced');
      assert.match(message, /no room.*the rules are as before/);
    } finally {
      rmSync(vsockd.programs, { recursive: true });
    }
    assert.deepEqual(await vsockd.get('/v1/rules/set'), before);
    await one.tell(`read ${open.client} 1000`);
    await works(open);
  });

  it('have no say in what a VM says to itself', async () => {
    const port = await two.tell('listen own-listener 127.0.0.1');
    await two.tell(`connect own-client 127.0.0.1 ${port}`);
    await two.tell('accept own-server own-listener');
    const { flows } = await apply({});
    assert.deepEqual(flows, []);
    // One that they end is a flow of the same look.
    await apply(openTcp);
    const ended = await connected();
    const done = await apply({});
    assert.equal(done.flows.length, 1);
    assert.equal(await two.tell(`error ${ended.server} ${limitMilliseconds}`), 'ECONNRESET');
    assert.equal(await two.tell('send own-client 10'), 'ok');
    assert.equal(await two.tell('read own-server 10'), 'ok');
    for (const name of ['own-client', 'own-server', 'own-listener']) await two.tell(`close ${name}`);
  });

  it('know which connections are open, without asking a guest', async () => {
    await apply(openTcp);
    const connection = await connected();
    const live = new KernelLiveEnds();
    // The sockets of the list are opened at once, in the host’s namespace.
    const list = (): ReturnType<KernelLiveEnds['list']> =>
      inNetworkNamespace(`/run/netns/${network.host}`, () => live.list(bothSidesOf(['one', 'two']), ['tcp']));
    const ends = (await list()).filter(({ localPort, remotePort }) =>
      [localPort, remotePort].includes(connection.clientPort),
    );
    assert.deepEqual(
      ends.map(({ vm, side, localAddress, remoteAddress }) => [vm, side, localAddress, remoteAddress]).sort(),
      [
        ['one', 'out', network.one.address, network.two.address],
        ['two', 'in', network.two.address, network.one.address],
      ],
    );
    const secondsLeft = (): number => {
      const words = ['-j', 'list', 'set', 'bridge', 'vsocket', liveSet(vmPrefix('two'), 'tcp', 'in', 4)];
      const left = /"expires": ?(\d+)/.exec(nft(...words));
      return Number(left?.[1]);
    };
    const first = secondsLeft();
    await eventually('it is older', () => secondsLeft() < first);
    const older = secondsLeft();
    await inNetworkNamespace(`/run/netns/${network.host}`, () => live.refresh(ends));
    assert.ok(secondsLeft() > older);
    await works(connection);
    open.pop();
    await one.tell(`close ${connection.client}`);
    await two.tell(`close ${connection.server}`);
    await eventually('a closed connection is forgotten', async () =>
      (await list()).every(
        ({ localPort, remotePort }) => ![localPort, remotePort].includes(connection.clientPort),
      ),
    );
  });

  it('show what they let through and the VM’s kernel does not show', async () => {
    const end: LiveEnd = {
      ...{ vm: 'two', kind: 'tcp', side: 'in', family: 4, number: 0 },
      ...{ localAddress: network.two.address, localPort: 4711 },
      ...{ remoteAddress: network.one.address, remotePort: 4712 },
    };
    await apply(openTcp);
    const live = new KernelLiveEnds();
    const inHost = <T>(act: () => T): T => inNetworkNamespace(`/run/netns/${network.host}`, act);
    // As if its packets had passed: one that is answered, and one that asks in vain.
    await inHost(() => live.refresh([end]));
    const asking = `${network.two.address} . 4711 . ${network.one.address} . 4713 timeout 1m`;
    nft('add', 'element', 'bridge', 'vsocket', liveSet(vmPrefix('two'), 'tcp', 'in', 4), `{ ${asking} }`);
    await connected();
    let flows: Flow[] = [];
    await eventually('it is a flow', async () => {
      flows = lists.flows.answer.parse((await vsockd.get('/v1/flows')).body).items;
      return flows.some(({ reason }) => reason === 'host-only');
    });
    const seen = flows.filter(({ reason }) => reason === 'host-only');
    assert.deepEqual(
      seen.map(({ vm, direction, remotePort, rule, txBytes }) => [vm, direction, remotePort, rule, txBytes]),
      [['two', 'in', 4712, 'tcp-in', null]],
    );
    assert.equal(flows.length, 3, 'with the two ends of what the kernels show');
    // There is nothing to reset: whoever wants it ended is told so.
    const kill = { ids: [seen[0]!.id] };
    const planned = await vsockd.post('/v1/flows/kill?dryRun=true', kill);
    assert.match(JSON.stringify(planned.body), /host-only/);
    const { outcomes } = KillResponse.parse((await vsockd.post('/v1/flows/kill', kill)).body);
    assert.deepEqual(
      outcomes.map(({ id, outcome }) => [id, outcome]),
      [[seen[0]!.id, 'failed']],
    );
    assert.match(outcomes[0]!.detail, /^the VM’s kernel shows no such connection, .*; a rule that denies it/);
    await inHost(() => live.forget([end]));
    await eventually('it is none any more', async () => {
      flows = lists.flows.answer.parse((await vsockd.get('/v1/flows')).body).items;
      return flows.every(({ reason }) => reason !== 'host-only');
    });
  });

  it('are mended when somebody else changes them, and live flows live on', async () => {
    await apply(openTcp);
    const connection = await connected();
    for (const damage of [
      ['add', 'rule', 'bridge', 'vsocket', 'forward', 'drop'],
      ['flush', 'ruleset'],
    ]) {
      const before = vsockd.log.split('it is mended').length;
      nft(...damage);
      await eventually('the damage is told', () => vsockd.log.split('it is mended').length > before);
      await eventually('it is mended', () => {
        const text = (() => {
          try {
            return nft('list', 'chain', 'bridge', 'vsocket', 'forward');
          } catch {
            return '';
          }
        })();
        return (
          text.includes('vmap') &&
          text
            .trimEnd()
            .split('\n')
            .filter((line) => line.trim() === 'drop').length === 0
        );
      });
      await works(connection);
    }
  });

  it('are kept over a restart, with their counters, and live flows go on', async () => {
    await apply(openTcp);
    const connection = await connected();
    const hits = async (): Promise<number | null | undefined> => (await rulesOf('red/tcp-in'))[0]?.hits;
    const before = [await hits(), (await inForce()).revision];
    await vsockd.stop('SIGKILL');
    await works(connection);
    await vsockd.start();
    assert.deepEqual([await hits(), (await inForce()).revision], before);
    await works(connection);
  });

  it('are taken back unless they are confirmed, and rolled back when asked', async () => {
    const { revision } = await apply(openTcp);
    await apply({ vms: {} }, { confirmSeconds: 1 });
    await eventually('the change is taken back', async () => (await inForce()).revision === revision + 2);
    assert.deepEqual((await inForce()).ruleSet['tenants'], (await setOf(openTcp))['tenants']);
    await apply({ vms: {} }, { confirmSeconds: 3600 });
    assert.equal((await vsockd.post('/v1/rules/confirm', {})).status, 200);
    assert.equal((await vsockd.post('/v1/rules/confirm', {})).status, 409);
    const { revision: now } = await inForce();
    const plan = await vsockd.post('/v1/rules/rollback?dryRun=true', { revision: null });
    assert.deepEqual(
      RulesChanged.parse(plan.body)
        .changes.map(({ change, name }) => `${change} ${name}`)
        .sort(),
      ['added tcp-in', 'added two'],
    );
    const stale = await vsockd.post('/v1/rules/rollback', { revision: null, ifRevision: now - 1 });
    assert.deepEqual([stale.status, (await inForce()).revision], [409, now]);
    const { status } = await vsockd.post('/v1/rules/rollback', { revision: null });
    assert.equal(status, 200);
    assert.deepEqual((await inForce()).ruleSet['tenants'], (await setOf(openTcp))['tenants']);
    assert.equal((await vsockd.post('/v1/rules/rollback', { revision: 4711 })).status, 404);
  });

  async function setOf(rules: Rules): Promise<Record<string, unknown>> {
    await apply(rules);
    return (await inForce()).ruleSet;
  }

  it('refuse what is wrong, who may not, and a change for another revision; the same again is no change', async () => {
    const { revision } = await apply(openTcp);
    assert.equal((await apply(openTcp)).revision, revision);
    const wrong = ruleSet({ rules: [{ id: 'x', direction: 'ingress', ports: [1] }] });
    assert.equal((await vsockd.post('/v1/rules/apply', { ruleSet: wrong })).status, 400);
    const right = { ruleSet: ruleSet(openTcp) };
    assert.equal((await vsockd.post('/v1/rules/apply', right, 'read')).status, 403);
    assert.equal((await vsockd.post('/v1/rules/apply', { ...right, ifRevision: revision - 1 })).status, 409);
    assert.equal((await inForce()).revision, revision);
    const lines = readFileSync(vsockd.config.auditLog, 'utf8').trim().split('\n');
    const [asked, done] = lines
      .slice(-2)
      .map((line) => JSON.parse(line) as { command: string; phase: string });
    assert.deepEqual([asked?.command, asked?.phase, done?.phase], ['rules apply', 'asked', 'done']);
  });

  it('are asked what they would say', async () => {
    await apply(openTcp);
    const ask = async (port: number, direction: string): Promise<RulesVerdict> => {
      const question = { vm: 'two', direction, remoteAddress: '10.9.9.9', protocol: 6, port };
      return RulesVerdict.parse((await vsockd.post('/v1/rules/test', question, 'read')).body);
    };
    const { action, rule, group } = await ask(80, 'ingress');
    assert.deepEqual([action, rule, group], ['allow', 'tcp-in', 'g']);
    assert.equal((await ask(80, 'egress')).rule, 'default');
  });
});
