import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { FixtureFleet } from '../support/fixture-fleet.js';
import { fixtureData } from '../support/fixture-data.js';

let fleet: FixtureFleet;
before(async () => {
  fleet = await FixtureFleet.start(4);
});
after(() => fleet.stop());
afterEach(() => {
  fleet.alpha.misbehave = () => false;
});

const flows = (...words: string[]): ReturnType<FixtureFleet['run']> =>
  fleet.run('flows', '--host', 'alpha', ...words);

test('text that steers terminals is defused in every format', async () => {
  const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202etxt\r\n';
  const { flows: items } = fixtureData('alpha', 3);
  fleet.alpha.misbehave = (request, response) => {
    if (request.url === '/v1/host') return false;
    const answer = { items: items.map((flow) => ({ ...flow, vm: `red${evil}`, program: evil })), total: 3 };
    response.end(JSON.stringify(answer));
    return true;
  };
  for (const format of ['table', 'wide', 'json', 'jsonl', 'yaml', 'csv']) {
    const { code, stdout } = await flows('-o', format);
    assert.equal(code, 0);
    assert.match(stdout, /owned/);
    // CSV ends its lines as RFC 4180 says.
    assert.doesNotMatch(stdout.replaceAll('\r\n', '\n'), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    assert.doesNotMatch(stdout, /\\u001b/);
  }
});

test('an error’s text is defused too, and stays one line', async () => {
  fleet.alpha.misbehave = (_request, response) => {
    response.writeHead(409).end(JSON.stringify({ code: 'busy', message: 'a\u001b[31m\nb' }));
    return true;
  };
  assert.deepEqual(await flows('-o', 'name'), { code: 7, stdout: '', stderr: 'vsockctl: alpha: a[31mb\n' });
});

test('what is no JSON, or of the wrong form, is an error in one line', async () => {
  for (const body of ['', 'null', '{', '{"items":[{}]}', '{"items":[1],"total":1}', '<html>']) {
    fleet.alpha.misbehave = (request, response) => {
      if (request.url === '/v1/host') return false;
      response.end(body);
      return true;
    };
    const { code, stdout, stderr } = await flows('-o', 'name');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^vsockctl: alpha: vsockd’s answer to \/v1\/flows\S* is malformed: [^\n]+\n$/);
  }
});

test('an answer without an end is cut off', async () => {
  const chunk = Buffer.alloc(1 << 20, 0x20);
  fleet.alpha.misbehave = (_request, response) => {
    const pour = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', pour);
    pour();
    return true;
  };
  const { code, stderr } = await flows('--timeout', '60');
  assert.equal(code, 1);
  assert.match(stderr, /^vsockctl: alpha: vsockd’s answer is longer than 64 MiB; /);
});

test('a host that hangs does not hold the others up, and is given up', async () => {
  fleet.alpha.misbehave = () => true;
  const { code, stdout, stderr } = await fleet.run('flows', '-o', 'name', '--timeout', '1.5');
  assert.equal(code, 3);
  assert.equal(stdout.trim().split('\n').length, 4);
  assert.match(stderr, /^vsockctl: alpha: no answer within 1\.5 s; /);
});

test('a vsockd that breaks off is an error in one line', async () => {
  fleet.alpha.misbehave = (request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"items"');
    setImmediate(() => request.socket.destroy());
    return true;
  };
  const { code, stderr } = await flows();
  assert.equal(code, 5);
  assert.match(stderr, /^vsockctl: alpha: vsockd ended the conversation: [^\n]+\n$/);
});
