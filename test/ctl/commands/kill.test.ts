import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { FixtureFleet } from '../support/fixture-fleet.js';
import { fixtureData } from '../support/fixture-data.js';

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

test('either flows or a VM, not both and not none', async () => {
  assert.equal((await fleet.run('kill', '--yes')).code, 2);
  assert.equal((await fleet.run('kill', 'a:1', '--vm', 'a', '--yes')).code, 2);
});
