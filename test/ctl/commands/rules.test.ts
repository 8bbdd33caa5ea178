import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { RulesChanged } from '../../../src/api/rules-change.js';
import type { Misbehaviour } from '../support/fixture-api.js';
import { FixtureFleet } from '../support/fixture-fleet.js';

let fleet: FixtureFleet;
before(async () => {
  fleet = await FixtureFleet.start(0);
});
after(() => fleet.stop());

/** A host that goes back from revision 17, which ends a flow. */
const goesBack =
  (flows: RulesChanged['flows']): Misbehaviour =>
  (request, response) => {
    if (!request.url?.startsWith('/v1/rules/rollback')) return false;
    const isPlan = request.url.endsWith('?dryRun=true');
    const change = { change: 'removed', tenant: 'red', kind: 'rule', name: 'ssh', before: '{}', after: null };
    const answer = { revision: isPlan ? 17 : 18, changes: [change], flows };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    return true;
  };

const flow = {
  id: 'red2:7',
  rule: 'default',
  localAddress: '10.0.0.2',
  localPort: 22,
  remoteAddress: '10.0.0.1',
  remotePort: 40_000,
  program: 'sshd',
  path: 'shm',
};

const asked = (): [url: string, body: unknown][] =>
  fleet.alpha.requests
    .filter(({ url }) => url.startsWith('POST'))
    .map(({ url, body }) => [url, JSON.parse(body) as unknown]);

beforeEach(() => {
  fleet.alpha.requests.length = 0;
});
afterEach(() => {
  fleet.alpha.misbehave = () => false;
});

test('a rollback that ends live flows asks first, and changes nothing where nobody can be asked', async () => {
  fleet.alpha.misbehave = goesBack([flow]);
  const { code, stderr } = await fleet.run('rules', 'rollback', '-H', 'alpha');
  assert.equal(code, 2);
  assert.match(stderr, /no terminal to ask on/);
  assert.deepEqual(asked(), [['POST /v1/rules/rollback?dryRun=true', { revision: null }]]);
});

test('a rollback is of what was planned: not where other rules have come into force meanwhile', async () => {
  fleet.alpha.misbehave = goesBack([flow]);
  const { code, stdout } = await fleet.run('rules', 'rollback', '16', '-H', 'alpha', '--yes');
  assert.equal(code, 0);
  assert.match(stdout, /ends +flow +red2:7 .*\(sshd, shm\) by rule default/);
  assert.deepEqual(asked().at(-1), ['POST /v1/rules/rollback', { revision: 16, ifRevision: 17 }]);
});

test('a rollback that ends no flow does not ask; a dry run does nothing', async () => {
  fleet.alpha.misbehave = goesBack([]);
  assert.equal((await fleet.run('rules', 'rollback', '-H', 'alpha', '--dry-run')).code, 0);
  assert.equal(asked().length, 1);
  assert.equal((await fleet.run('rules', 'rollback', '-H', 'alpha')).code, 0);
  assert.equal(asked().length, 3);
});

test('the form of a rule set is printed as JSON Schema, without asking a host', async () => {
  const { code, stdout } = await fleet.run('rules', 'schema');
  assert.equal(code, 0);
  const schema = JSON.parse(stdout) as { properties: object; additionalProperties: boolean };
  assert.deepEqual(Object.keys(schema.properties), ['version', 'tenants']);
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(fleet.alpha.requests, []);
});
