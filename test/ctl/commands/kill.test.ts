import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fixtureConnections } from '../support/fixture-connections.js';
import { FixtureFleet } from '../support/fixture-fleet.js';
import { fixtureData } from '../support/fixture-data.js';
import { runVsockctl } from '../support/run-vsockctl.js';

let fleet: FixtureFleet;
before(async () => {
  fleet = await FixtureFleet.start(0);
});
after(() => fleet.stop());
beforeEach(() => {
  fleet.alpha.data.flows = fixtureData('alpha', 6).flows;
  fleet.beta.data.flows = fixtureData('beta', 6, ['red3', 'blue3']).flows;
  fleet.beta.requests.length = 0;
});
afterEach(() => {
  fleet.alpha.misbehave = () => false;
});

const ids = (): string[] => [...fleet.alpha.data.flows, ...fleet.beta.data.flows].map((flow) => flow.id);

test('ends the flows at the hosts that have them, and only there', async () => {
  const { code, stdout, stderr } = await fleet.run('kill', 'red1:5000', 'red1:5002', '--yes', '-o', 'jsonl');
  assert.equal(stderr, '');
  assert.equal(code, 0);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  assert.deepEqual(
    rows,
    ['red1:5000', 'red1:5002'].map((id) => ({ id, outcome: 'reset', detail: '', host: 'alpha' })),
  );
  assert.ok(!ids().includes('red1:5000') && ids().includes('red1:5004'));
  assert.deepEqual(
    fleet.beta.requests.map(({ url }) => url),
    ['POST /v1/flows/kill?dryRun=true'],
  );
});

test('all flows of a VM', async () => {
  const { code } = await fleet.run('kill', '--vm', 'blue3', '-y');
  assert.equal(code, 0);
  assert.deepEqual(
    ids().filter((id) => id.startsWith('blue3')),
    [],
  );
  assert.equal(ids().length, 9);
});

test('a dry run ends nothing', async () => {
  const { code, stdout } = await fleet.run('kill', '--vm', 'red1', '--dry-run', '-o', 'name');
  assert.deepEqual([code, stdout], [0, 'red1:5000\nred1:5002\nred1:5004\n']);
  assert.equal(ids().length, 12);
});

test('without a terminal there is no question, but the flag that answers it', async () => {
  const { code, stdout, stderr } = await fleet.run('kill', 'red1:5000');
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /--yes/);
  assert.equal(ids().length, 12);
});

test('what is not found is exit code 6; what is found ends all the same', async () => {
  const some = await fleet.run('kill', 'red1:5000', 'nobody:1', '--yes');
  assert.equal(some.code, 6);
  assert.match(some.stderr, /^vsockctl: flow nobody:1 was not found; /);
  assert.ok(!ids().includes('red1:5000'));
  assert.equal((await fleet.run('kill', '--vm', 'nobody', '--yes')).code, 6);
});

test('a VM without flows is nothing to kill, and fine', async () => {
  fleet.alpha.data.flows = [];
  assert.deepEqual(await fleet.run('kill', '--vm', 'red1', '--yes'), { code: 0, stdout: '', stderr: '' });
});

test('a host that refuses is exit code 7', async () => {
  fleet.alpha.misbehave = (request, response) => {
    if (request.method !== 'POST') return false;
    response.writeHead(403).end(JSON.stringify({ code: 'refused', message: 'you may not' }));
    return true;
  };
  assert.deepEqual(await fleet.run('kill', 'red1:5000', '--yes', '--host', 'alpha', '-o', 'name'), {
    code: 7,
    stdout: '',
    stderr: 'vsockctl: alpha: you may not\n',
  });
});

test('a flow of the same name on two hosts is not guessed at', async () => {
  fleet.beta.data.flows = fixtureData('beta', 6).flows;
  const { code, stderr } = await fleet.run('kill', 'red1:5000', '--yes');
  assert.equal(code, 7);
  assert.match(stderr, /is on alpha and on beta; choose with --host/);
  assert.equal((await fleet.run('kill', 'red1:5000', '--yes', '--host', 'beta')).code, 0);
  assert.ok(fleet.alpha.data.flows.some((flow) => flow.id === 'red1:5000'));
});

test('what a filter picks', async () => {
  const dry = await fleet.run('kill', '-f', 'vm=red1', '-f', 'path=shm', '--dry-run', '-o', 'name');
  const wanted = fixtureData('alpha', 6).flows.filter((flow) => flow.vm === 'red1' && flow.path === 'shm');
  assert.deepEqual([dry.code, dry.stdout], [0, wanted.map(({ id }) => `${id}\n`).join('')]);
  assert.equal((await fleet.run('kill', '-f', 'vm=red1 path=shm', '--yes')).code, 0);
  assert.equal(ids().length, 12 - wanted.length);
  const none = await fleet.run('kill', '-f', 'vm=nosuch', '--yes');
  assert.deepEqual([none.code, none.stdout], [6, '']);
});

test('an empty value is an error, and kills nothing', async () => {
  for (const words of [
    ['kill', '--vm', 'red1', '--host', ''],
    ['kill', '--vm', ''],
    ['kill', ''],
    ['kill', '-f', ' '],
    ['flows', '--host', ''],
    ['flows', '--host', 'alpha,'],
    ['flows', '--vm', ''],
    ['vms', '-f', ''],
    ['top', '--host', '', '--iterations', '1'],
    ['kill', '-f', '""'],
    ['kill', '-f', 'path=shm or ""'],
  ]) {
    const { code, stdout, stderr } = await fleet.run(...words, ...(words[0] === 'kill' ? ['--yes'] : []));
    assert.deepEqual([code, stdout], [2, ''], words.join(' '));
    assert.match(stderr, /^vsockctl: [^\n]*empty/);
  }
  assert.equal(ids().length, 12);
});

test('what was given and names no host never means all hosts', async () => {
  for (const words of [
    ['--host', '#alpha'],
    ['--host', 'alpha', '--host', ' # beta'],
    ['--host', 'alpha,#beta'],
    ['--host', ','],
  ]) {
    const { code, stdout, stderr } = await fleet.run('kill', '--vm', 'red1', '--yes', ...words);
    assert.deepEqual([code, stdout], [2, ''], words.join(' '));
    assert.match(stderr, /^vsockctl: --host “[^\n]* (names no host|has an empty name in it); is a variable/);
  }
  // A comment ends with its own value.
  const { code } = await fleet.run('hosts', '--host', 'nowhere.invalid #', '--host', 'alpha', '-o', 'name');
  assert.equal(code, 3);
  const file = `${fleet.directory}/names/vsockctl/hosts`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '# all of them\nalpha, beta\n');
  for (const hosts of ['', ' ', '#alpha', ',', 'alpha,']) {
    const environment = {
      ...fleet.environment,
      VSOCKCTL_HOSTS: hosts,
      XDG_CONFIG_HOME: `${fleet.directory}/names`,
    };
    const run = await runVsockctl(['kill', '--vm', 'red1', '--yes'], environment);
    assert.deepEqual([run.code, run.stdout], [2, ''], hosts);
    assert.match(run.stderr, /^vsockctl: VSOCKCTL_HOSTS “[^\n]*; is a variable unset\?\n$/);
  }
  // A file of comments has no hosts either.
  writeFileSync(file, '# alpha\n\n');
  const commented = await runVsockctl(['kill', '--vm', 'red1', '--yes'], {
    ...fleet.environment,
    VSOCKCTL_HOSTS: undefined,
    XDG_CONFIG_HOME: `${fleet.directory}/names`,
  });
  assert.equal(commented.code, 2);
  assert.match(commented.stderr, /^vsockctl: no hosts are configured; /);
  assert.equal(ids().length, 12);
});

test('a kill of many goes in parts, each with a change that the audit log has', async () => {
  fleet.alpha.data.flows = fixtureData('alpha', 1200).flows;
  fleet.alpha.requests.length = 0;
  const { code } = await fleet.run('kill', '--vm', 'red1', '--yes', '-o', 'name');
  assert.equal(code, 0);
  const kills = fleet.alpha.requests.filter(({ url }) => url === 'POST /v1/flows/kill');
  assert.deepEqual(
    kills.map(({ body }) => (JSON.parse(body) as { ids?: string[] }).ids?.length ?? body),
    [500, 100, '{"vm":"red1"}'],
  );
  assert.equal(new Set(kills.map(({ change }) => change)).size, 3);
});

test('a host that is lost in a kill leaves an unknown outcome, with the change to look for', async () => {
  fleet.alpha.data.flows = fixtureData('alpha', 1100).flows;
  fleet.alpha.requests.length = 0;
  let kills = 0;
  fleet.alpha.misbehave = (request) => {
    if (request.url !== '/v1/flows/kill') return false;
    if ((kills += 1) < 2) return false;
    request.socket.destroy();
    return true;
  };
  const { code, stdout, stderr } = await fleet.run('kill', '-f', 'host=alpha', '--yes', '-o', 'jsonl');
  assert.equal(code, 5);
  assert.match(stderr, /^vsockctl: alpha: /);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { outcome: string; detail: string });
  const count = (outcome: string): number => rows.filter((row) => row.outcome === outcome).length;
  assert.deepEqual(['reset', 'unknown', 'not-tried'].map(count), [500, 500, 100]);
  const change = fleet.alpha.requests.filter(({ url }) => url === 'POST /v1/flows/kill').at(-1)?.change;
  assert.ok(
    rows.find((row) => row.outcome === 'unknown')?.detail.includes(`change ${change} in its audit log`),
  );
});

test('a kill is not held to the limit of a question', async () => {
  fleet.alpha.misbehave = (request, response) => {
    if (request.url !== '/v1/flows/kill') return false;
    const outcomes = [{ id: 'red1:5000', outcome: 'reset', detail: '' }];
    // Longer than the limit below.
    setTimeout(() => response.end(JSON.stringify({ outcomes })), 3000);
    return true;
  };
  const { code, stdout } = await fleet.run(
    'kill',
    'red1:5000',
    '--yes',
    '--host',
    'alpha',
    '--timeout',
    '2.5',
    '-o',
    'csv',
  );
  assert.deepEqual([code, /red1:5000,alpha,reset/.test(stdout)], [0, true]);
});

test('both hosts of a connection are told, and it is one flow with one outcome', async () => {
  const client = { host: 'alpha', vm: 'red1', address: '10.0.0.1', program: null };
  const service = { host: 'beta', vm: 'red3', address: '10.0.0.3', program: null, port: 6379 };
  const connect = (): void => {
    const { client: clients, service: services } = fixtureConnections(client, service, 2);
    [fleet.alpha.data.flows, fleet.beta.data.flows] = [clients, services];
  };
  connect();
  const dry = await fleet.run('kill', '-f', 'port=6379', '--dry-run', '-o', 'name');
  assert.deepEqual([dry.code, dry.stdout], [0, 'red1:7000\nred1:7001\n']);
  // The reset of one host is there before the other one looks.
  fleet.beta.misbehave = (request, response) => {
    if (request.url !== '/v1/flows/kill') return false;
    const outcomes = fleet.beta.data.flows.map(({ id }) => ({ id, outcome: 'not-found', detail: '' }));
    fleet.beta.data.flows = [];
    response.end(JSON.stringify({ outcomes }));
    return true;
  };
  fleet.alpha.requests.length = fleet.beta.requests.length = 0;
  const killed = await fleet.run('kill', '-f', 'port=6379', '--yes', '-o', 'csv');
  assert.deepEqual(killed, {
    code: 0,
    stdout: 'id,host,outcome,detail\r\nred1:7000,alpha,reset,\r\nred1:7001,alpha,reset,\r\n',
    stderr: '',
  });
  const told = [fleet.alpha, fleet.beta].map(({ requests }) => requests.at(-1)?.body);
  assert.deepEqual(told, ['{"ids":["red1:7000","red1:7001"]}', '{"ids":["red3:8000","red3:8001"]}']);
  // Both ends by their names are one flow too.
  connect();
  fleet.beta.misbehave = () => false;
  const named = await fleet.run('kill', 'red3:8000', 'red1:7000', '--yes', '-o', 'name');
  assert.deepEqual([named.code, named.stdout], [0, 'red1:7000\n']);
  // What one end’s host could not do is the outcome.
  connect();
  fleet.beta.misbehave = (request, response) => {
    if (request.url !== '/v1/flows/kill') return false;
    response.end(
      JSON.stringify({ outcomes: [{ id: 'red3:8000', outcome: 'failed', detail: 'still open' }] }),
    );
    return true;
  };
  const failed = await fleet.run('kill', 'red3:8000', 'red1:7000', '--yes', '-o', 'csv');
  fleet.beta.misbehave = () => false;
  assert.equal(failed.code, 1);
  assert.match(failed.stdout, /red1:7000,alpha,failed,at its other end beta\/red3:8000: still open/);
});

test('either flows or a VM, not both and not none', async () => {
  assert.equal((await fleet.run('kill', '--yes')).code, 2);
  assert.equal((await fleet.run('kill', 'a:1', '--vm', 'a', '--yes')).code, 2);
});
