import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { after, afterEach, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { linesType } from '../../../src/api/define-list.js';
import type { Flow } from '../../../src/api/flow.js';
import { fixtureData } from '../support/fixture-data.js';
import { FixtureFleet } from '../support/fixture-fleet.js';
import { programFile } from '../support/run-vsockctl.js';

let fleet: FixtureFleet;
before(async () => {
  fleet = await FixtureFleet.start(30);
});
after(() => fleet.stop());
afterEach(() => {
  fleet.alpha.misbehave = () => false;
});

/** The busiest first, which is the order that is asked for. */
const flows = fixtureData('alpha', 3).flows.toSorted((a, b) => rateOf(b) - rateOf(a));
function rateOf({ txBytesPerSecond, rxBytesPerSecond }: Flow): number {
  return (txBytesPerSecond ?? 0) + (rxBytesPerSecond ?? 0);
}

const asLines = (rows: readonly Flow[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** Makes alpha answer a list in lines, in a way of its own. */
function answersLines(answer: (response: ServerResponse, request: IncomingMessage) => void): void {
  fleet.alpha.misbehave = (request, response) => {
    if (request.url?.startsWith('/v1/flows') !== true) return false;
    response.writeHead(200, { 'content-type': linesType, 'x-vsocket-api': '1.2' });
    answer(response, request);
    return true;
  };
}

test('rows are printed while the host still sends', async () => {
  let rest = (): void => undefined;
  answersLines((response) => {
    response.write(asLines(flows.slice(0, 2)));
    rest = () => void response.end(asLines(flows.slice(2)));
  });
  const env = { ...process.env, ...fleet.environment };
  const child = spawn(process.execPath, [programFile, 'flows', '-H', 'alpha', '-o', 'name'], { env });
  const printed: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line);
    if (printed.length === 2) rest();
  }
  if (child.exitCode === null) await once(child, 'close');
  assert.deepEqual([printed, child.exitCode], [flows.map(({ id }) => id), 0]);
});

test('the rows of several hosts come in one order, the same in all formats', async () => {
  const all = [...fleet.alpha.data.flows, ...fleet.beta.data.flows];
  for (const [key, value] of [
    ['bytes', (flow: Flow) => (flow.txBytes ?? 0) + (flow.rxBytes ?? 0)],
    ['pid', (flow: Flow) => flow.pid ?? -1],
    ['-txBytesPerSecond', (flow: Flow) => -(flow.txBytesPerSecond ?? 0)],
  ] as const) {
    const place = (flow: Flow): string => `${flow.host}/${flow.id}`;
    const expected = all
      .toSorted((a, b) => value(b) - value(a) || (place(a) < place(b) ? -1 : 1))
      .map(({ id }) => id);
    for (const [format, ids] of [
      ['name', (text: string) => text.trim().split('\n')],
      ['json', (text: string) => (JSON.parse(text) as Flow[]).map(({ id }) => id)],
      [
        'csv',
        (text: string) =>
          text
            .trim()
            .split('\r\n')
            .slice(1)
            .map((line) => line.split(',')[0]),
      ],
    ] as const) {
      const { stdout } = await fleet.run('flows', '-o', format, '--sort-by', key);
      assert.deepEqual(ids(stdout), expected, `${key} ${format}`);
    }
    const { stdout } = await fleet.run('flows', '--ends', '--no-headers', '--sort-by', key, '-o', 'table');
    assert.equal(stdout.trim().split('\n').length, expected.length);
  }
});

test('JSON that is written row by row is what it was as a whole', async () => {
  const { stdout } = await fleet.run('flows', '-o', 'json', '--limit', '3');
  assert.equal(stdout, `${JSON.stringify(JSON.parse(stdout), null, 2)}\n`);
  assert.equal((await fleet.run('flows', '-o', 'json', '-f', 'pid=1')).stdout, '[]\n');
});

test('a list of any length passes through little memory', async () => {
  const long = { ...flows[0]!, program: 'x'.repeat(1000) };
  const chunk = asLines(Array.from({ length: 100 }, () => long));
  let chunks = 600;
  answersLines((response) => {
    const pour = (): void => {
      while (chunks > 0 && response.write(chunk)) chunks -= 1;
      if (chunks <= 0) response.end();
    };
    response.on('drain', () => {
      chunks -= 1;
      pour();
    });
    pour();
  });
  const env = { ...process.env, ...fleet.environment, NODE_OPTIONS: '--max-old-space-size=60' };
  const child = spawn(
    process.execPath,
    [programFile, 'flows', '-H', 'alpha', '-o', 'jsonl', '--timeout', '60'],
    { env },
  );
  let bytes = 0;
  child.stdout.on('data', (data: Buffer) => (bytes += data.length));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0);
  assert.ok(bytes > 64 * 1024 * 1024, String(bytes));
});

test('a host that is lost in its midst is an error; what it said before is there', async () => {
  answersLines((response, request) => {
    response.write(asLines(flows.slice(0, 2)), () => setTimeout(() => request.socket.destroy(), 100));
  });
  const { code, stdout, stderr } = await fleet.run('flows', '-o', 'name', '--limit', '1000');
  assert.equal(code, 3);
  assert.equal(stdout.trim().split('\n').length, 32);
  assert.match(stderr, /^vsockctl: alpha: vsockd ended the conversation: [^\n]+\n$/);
});

test('a line that is no row is an error, whatever came before', async () => {
  answersLines((response) => {
    response.end(`${asLines(flows.slice(0, 1))}{"vm":"red1"}\n`);
  });
  const { code, stderr } = await fleet.run('flows', '-H', 'alpha', '-o', 'name');
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^vsockctl: alpha: vsockd’s answer to \/v1\/flows\?sort=-bytesPerSecond is malformed: /,
  );
});

test('packed rows are unpacked, in as many pieces as they come', async () => {
  fleet.alpha.misbehave = (request, response) => {
    if (request.url?.startsWith('/v1/flows') !== true) return false;
    assert.equal(request.headers['accept-encoding'], 'gzip');
    const headers = { 'content-type': linesType, 'content-encoding': 'gzip', 'x-vsocket-api': '1.2' };
    response.writeHead(200, headers);
    const bytes = gzipSync(asLines(flows));
    response.write(bytes.subarray(0, 40), () => setTimeout(() => response.end(bytes.subarray(40)), 50));
    return true;
  };
  const { code, stdout } = await fleet.run('flows', '-H', 'alpha', '-o', 'name');
  assert.deepEqual([code, stdout.trim().split('\n')], [0, flows.map(({ id }) => id)]);
});

for (const [what, body] of [
  ['no gzip', Buffer.from('{}')],
  ['half of it', gzipSync(asLines(flows)).subarray(0, 60)],
  ['more than a list may have', gzipSync(Buffer.alloc(80 * 1024 * 1024, 0x20))],
] as const)
  test(`packed rows that are none end in one line: ${what}`, async () => {
    fleet.alpha.misbehave = (request, response) => {
      if (request.url?.startsWith('/v1/flows') !== true) return false;
      const headers = { 'content-type': linesType, 'content-encoding': 'gzip', 'x-vsocket-api': '1.2' };
      response.writeHead(200, headers).end(body);
      return true;
    };
    const { code, stderr } = await fleet.run('flows', '-H', 'alpha', '-o', 'name');
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^vsockctl: alpha: [^\n]*(malformed|has no end)[^\n]*\n$/);
  });

test('with enough rows the hosts are left, which is no failure', async () => {
  answersLines((response) => {
    response.write(asLines(flows.slice(0, 2).toSorted((a, b) => (b.txBytes ?? 0) - (a.txBytes ?? 0))));
  });
  const words = ['flows', '-H', 'alpha', '-o', 'name', '--sort-by', 'bytes', '--limit', '2'];
  assert.deepEqual(await fleet.run(...words), {
    code: 0,
    stdout: flows
      .slice(0, 2)
      .map(({ id }) => `${id}\n`)
      .join(''),
    stderr: '',
  });
});
