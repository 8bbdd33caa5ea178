import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { goldenAnswers, speaksLike } from '../../api/golden-api.js';
import { listNames, lists } from '../../../src/api/lists.js';
import { FixtureFleet } from '../support/fixture-fleet.js';

type Row = Record<string, unknown>;

let fleet: FixtureFleet;
before(async () => {
  fleet = await FixtureFleet.start(4);
});
after(() => fleet.stop());
afterEach(() => {
  fleet.alpha.misbehave = () => false;
});

async function rowsOf(...words: string[]): Promise<Row[]> {
  const { code, stdout, stderr } = await fleet.run(...words, '--host', 'alpha', '-o', 'json');
  assert.deepEqual([code, stderr], [0, '']);
  return JSON.parse(stdout) as Row[];
}

test('every list of the version before is read whole', async () => {
  fleet.alpha.misbehave = speaksLike('v1.1');
  const golden = goldenAnswers('v1.1');
  // Lists that it had not are not its to answer.
  for (const name of listNames.filter((each) => lists[each].path in golden)) {
    const { items } = golden[lists[name].path] as { items: Row[] };
    const rows = await rowsOf(name);
    assert.equal(rows.length, items.length);
    for (const item of items) {
      const row = rows.find((one) => one['id'] === item['id'] && one['name'] === item['name']) ?? {};
      // What the API has got since is not known.
      const known = Object.fromEntries(Object.keys(item).map((field) => [field, row[field]]));
      assert.deepEqual(known, item);
      for (const field of lists[name].fields)
        if (!(field in item)) assert.equal(row[field], null, `${name}.${field}`);
    }
  }
  const [host] = await rowsOf('hosts');
  assert.deepEqual([host?.['status'], host?.['version'], host?.['flows']], ['skew', '0.1.0', 4]);
  assert.match(String(host?.['error']), /speaks API 1\.1, vsockctl 1\.\d+; it is older: update its vsockd/);
});

test('of a version to come, words that are not known are text, and what is missing is not known', async () => {
  fleet.alpha.misbehave = speaksLike('next');
  const rows = await rowsOf('flows');
  const pick = (id: string, ...fields: string[]): unknown[] => {
    const row = rows.find((candidate) => candidate['id'] === id) ?? {};
    return fields.map((field) => row[field]);
  };
  assert.deepEqual(pick('red1:5000', 'path', 'reason', 'state', 'direction', 'vm'), [
    ...['cxl', 'in-maintenance', 'migrating', 'both'],
    'red1',
  ]);
  assert.deepEqual(pick('blue1:5001', 'reason', 'program', 'txBytesPerSecond', 'establishedAt', 'txBytes'), [
    null,
    null,
    null,
    null,
    123_456,
  ]);
  assert.deepEqual(pick('red1:5002', 'remotePort', 'remoteVm', 'path', 'localPort'), [
    null,
    null,
    null,
    40_002,
  ]);
});

test('how many flows are busy is not known of the version before, and of a next one as far as it says it', async () => {
  const counts = async (name: string): Promise<unknown[]> =>
    (await rowsOf(name)).map((row) => row['busyFlows']);
  fleet.alpha.misbehave = speaksLike('v1.1');
  assert.deepEqual([await counts('vms'), await counts('hosts')], [[null, null], [null]]);
  fleet.alpha.misbehave = speaksLike('next');
  // A number that is text is none.
  assert.deepEqual([new Set(await counts('vms')), await counts('hosts')], [new Set([null, 1]), [null]]);
  fleet.alpha.misbehave = () => false;
  const { stdout } = await fleet.run('hosts', '--host', 'alpha', '-o', 'wide');
  assert.match(stdout, /^HOST .* FLOWS +FAST +BUSY +TX\/S /);
});

test('flows are one connection where both ends say so, in whatever form; who does not say it stays alone', async () => {
  const connections = async (): Promise<unknown[]> =>
    (await rowsOf('flows')).map((row) => row['connectionId']);
  const lines = async (): Promise<string[]> => {
    const { stdout } = await fleet.run('flows', '--host', 'alpha', '--no-headers', '--sort-by', 'id');
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]!);
  };
  fleet.alpha.misbehave = speaksLike('v1.1');
  assert.deepEqual(await connections(), [null, null, null, null]);
  assert.equal((await lines()).length, 4);
  fleet.alpha.misbehave = speaksLike('next');
  // A name of another form counts, one of another type is none.
  assert.deepEqual(
    (await connections()).filter((id) => id !== null),
    ['c-0190a8f2/7', 'c-0190a8f2/7'],
  );
  assert.equal((await lines()).length, 4);
});

test('the tables show what is known', async () => {
  fleet.alpha.misbehave = speaksLike('next');
  for (const name of ['flows', 'vms', 'hosts', 'devices', 'qps', 'counters']) {
    const { code, stdout, stderr } = await fleet.run(name, '--host', 'alpha', '-o', 'wide');
    assert.deepEqual([code, stderr], [0, ''], name);
    assert.doesNotMatch(stdout, /undefined|NaN|null|\[object/, name);
  }
  const { stdout } = await fleet.run('hosts', '--host', 'alpha');
  assert.match(
    stdout,
    /^alpha +skew +9\.0\.0 .*speaks API 2\.0, vsockctl 1\.\d+; it is newer: update vsockctl\n/m,
  );
  const explained = await fleet.run('explain', 'red1:5000', '--host', 'alpha');
  assert.match(explained.stdout, /Path cxl: this vsockctl does not know it\. Reason: in-maintenance\./);
});

test('a list that a vsockd does not have is said to be unknown, and is not empty', async () => {
  fleet.alpha.misbehave = speaksLike('next');
  const { code, stdout, stderr } = await fleet.run('links', '-o', 'name');
  assert.deepEqual([code, stdout], [3, 'beta-other\n']);
  assert.match(stderr, /^vsockctl: alpha: its vsockd does not know the list links; /);
});

test('top goes on with what is known', async () => {
  fleet.alpha.misbehave = speaksLike('next');
  const { code, stdout, stderr } = await fleet.run('top', '--iterations', '1', '-o', 'json');
  assert.deepEqual([code, stderr], [0, '']);
  const frame = JSON.parse(stdout) as { hosts: Row[]; flows: Row[] };
  assert.deepEqual(
    frame.hosts.map(({ host, status }) => [host, status]),
    [
      ['alpha', 'skew'],
      ['beta', 'ok'],
    ],
  );
  assert.equal(frame.flows.length, 9);
});

test('a kill’s outcome in words that are not known is shown; where the API is another one, nothing is killed', async () => {
  const golden = goldenAnswers('next');
  const outcome = golden['/v1/flows/kill'];
  fleet.alpha.misbehave = (request, response) => {
    if (request.url !== '/v1/flows/kill') return speaksLike('v1.1')(request, response);
    response.end(JSON.stringify(outcome));
    return true;
  };
  const killed = await fleet.run('kill', 'red1:5000', '--yes', '--host', 'alpha', '-o', 'csv');
  assert.match(killed.stdout, /red1:5000,alpha,drained,/);
  fleet.alpha.misbehave = speaksLike('next');
  fleet.alpha.requests.length = 0;
  const refused = await fleet.run('kill', 'red1:5000', '--yes', '--host', 'alpha');
  assert.equal(refused.code, 7);
  assert.match(refused.stderr, /speaks API 2\.0, vsockctl 1\.\d+: it changes nothing there/);
  assert.deepEqual(
    fleet.alpha.requests.map(({ url }) => url),
    ['POST /v1/flows/kill?dryRun=true'],
  );
});

/** What `flows -o name`, cut to one row, asked alpha for. */
async function questionsOf(...words: string[]): Promise<string[]> {
  fleet.alpha.requests.length = 0;
  const wanted = ['flows', '--host', 'alpha', '-o', 'name', '--sort-by', 'id', ...words];
  const { code, stdout, stderr } = await fleet.run(...wanted);
  assert.deepEqual([code, stdout, stderr], [0, 'red1:5002\n', '']);
  return fleet.alpha.requests.map(({ url }) => url);
}

const cut = ['--filter', 'port=40002'];

test('a list is one question; a vsockd that knows no filters is asked once more, whether it passes them over or not', async () => {
  const narrowed = 'GET /v1/flows?filter=port%3D40002';
  assert.deepEqual(await questionsOf(...cut), [narrowed]);
  fleet.alpha.misbehave = speaksLike('v1.1');
  assert.deepEqual(await questionsOf(...cut), [narrowed, 'GET /v1/flows']);
  fleet.alpha.misbehave = (request, response) => {
    if (request.url?.includes('filter=') !== true) return speaksLike('v1.1')(request, response);
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ code: 'bad-request', message: 'query: Unrecognized key: "filter"' }));
    return true;
  };
  assert.deepEqual(await questionsOf(...cut), [narrowed, 'GET /v1/flows']);
});
