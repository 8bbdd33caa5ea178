import assert from 'node:assert/strict';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { testEveryWay } from '../../support/every-way.js';
import { nginx } from '../../support/nginx.js';
import { Programs } from '../../support/programs.js';
import { python } from '../../support/python.js';

const lastAnswers = new URL('../../../../test/fixtures/last_answers.py', import.meta.url).pathname;
const address = '10.0.0.2';
const content = randomBytes(24 << 20);

let programs: Programs;
let directory: string;
let site: string;

before(async () => {
  programs = await Programs.start();
  directory = mkdtempSync(join(tmpdir(), 'vsocket-programs-'));
  site = join(directory, 'site');
  mkdirSync(site);
  writeFileSync(join(site, 'large'), content);
  writeFileSync(join(site, 'index.html'), 'page');
});

after(async () => {
  await programs.close();
  rmSync(directory, { recursive: true });
});

testEveryWay('haproxy that splices: a client that is stopped stops no other', () => programs, {
  carried: false,
  check: async (way) => {
    const lines = [
      'global',
      'nbthread 1',
      'defaults',
      'mode http',
      'timeout connect 60s',
      'timeout client 60s',
      'timeout server 60s',
      'option splice-auto',
      'option splice-response',
      'listen proxy',
      `bind ${address}:9301`,
      `server origin ${address}:9300`,
    ];
    writeFileSync(join(directory, 'haproxy.cfg'), lines.map((line) => `${line}\n`).join(''));
    const [first, second] = ['first', 'second'].map((name) => join(directory, name));
    // In the same VM: with the library on one side only, haproxy is that side.
    const originWay = way === 'both' ? 'both' : 'none';
    const served = nginx(directory, `listen ${address}:9300; root ${site};`);
    const origin = await programs.serve(9300, served, originWay);
    const haproxy = await programs.serve(9301, ['haproxy', '-db', '-f', join(directory, 'haproxy.cfg')], way);
    const url = `http://${address}:9301/large`;
    const stopped = programs.spawn('a', ['curl', '-sS', '--limit-rate', '20M', '-o', first!, url], way);
    const ended = once(stopped, 'exit');
    try {
      while (!statSync(first!, { throwIfNoEntry: false })?.size) await sleep(5);
      stopped.kill('SIGSTOP');
      for (let turn = 0; turn < 3; turn++) {
        const { code } = await programs.run('a', ['curl', '-sS', '-o', second!, url], way);
        assert.equal(code, 0);
        assert.ok(content.equals(readFileSync(second!)));
      }
      assert.ok(statSync(first!).size < content.length, 'the first client had all before it was stopped');
      stopped.kill('SIGCONT');
      assert.deepEqual(await ended, [0, null]);
      assert.ok(content.equals(readFileSync(first!)));
    } finally {
      await programs.stop(stopped, 'SIGKILL');
      await programs.stop(haproxy);
      await programs.stop(origin);
      rmSync(first!, { force: true });
    }
  },
});

testEveryWay('nginx that is idle while the data plane is restarted', () => programs, {
  carried: true,
  check: async (way) => {
    const server = await programs.serve(9302, nginx(directory, `listen ${address}:9302; root ${site};`), way);
    const worker = () =>
      programs.guests.programsIn('b').find(({ command }) => /worker process/.test(command));
    const urls = [...Array.from({ length: 20 }, () => 'index.html'), 'large'];
    const files = urls.flatMap((name) => ['-o', '/dev/null', `http://${address}:9302/${name}`]);
    const client = ['curl', '-sS', '-w', '%{size_download}\n', ...files];
    const right = { code: 0, output: `${'4\n'.repeat(20)}${content.length}\n` };
    // The master listens before its worker has its name.
    while (worker() === undefined) await sleep(10);
    const before = worker();
    try {
      assert.deepEqual(await programs.run('a', client, way), right);
      await programs.guests.killDataPlane();
      await programs.guests.startDataPlane();
      assert.deepEqual(await programs.run('a', client, way), right);
      assert.deepEqual(worker(), before);
    } finally {
      await programs.stop(server);
    }
  },
});

const limits = 'client_max_body_size 1k; lingering_close off;';

for (const [kind, port, command] of [
  [
    'redis',
    6379,
    () => ['redis-server', '--bind', address, '--save', '', '--dir', directory, '--protected-mode', 'no'],
  ],
  ['http', 9303, () => nginx(directory, `listen ${address}:9303; root ${site}; ${limits}`)],
] as const)
  testEveryWay(`${kind}: the last answer of a server that closes with bytes unread`, () => programs, {
    carried: true,
    check: async (way) => {
      const client = [python, lastAnswers, kind, address, `${port}`];
      const right = { code: 0, output: '30 of 30 last answers\n' };
      assert.deepEqual(await programs.exchange(way, port, command(), client), right);
    },
  });
