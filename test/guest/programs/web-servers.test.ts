import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { testEveryWay } from '../../support/every-way.js';
import { nginx } from '../../support/nginx.js';
import { Programs } from '../../support/programs.js';

const lastAnswers = new URL('../../../../test/fixtures/last_answers.py', import.meta.url).pathname;
const address = '10.0.0.2';

let programs: Programs;
let directory: string;
let site: string;

before(async () => {
  programs = await Programs.start();
  directory = mkdtempSync(join(tmpdir(), 'vsocket-programs-'));
  site = join(directory, 'site');
  mkdirSync(site);
  writeFileSync(join(site, 'index.html'), 'page');
});

after(async () => {
  await programs.close();
  rmSync(directory, { recursive: true });
});

const limits = 'client_max_body_size 1k; lingering_close off;';

for (const [kind, port, command] of [
  ['http', 9303, () => nginx(directory, `listen ${address}:9303; root ${site}; ${limits}`)],
] as const)
  testEveryWay(`${kind}: the last answer of a server that closes with bytes unread`, () => programs, {
    carried: true,
    check: async (way) => {
      const client = ['python3', lastAnswers, kind, address, `${port}`];
      const right = { code: 0, output: '30 of 30 last answers\n' };
      assert.deepEqual(await programs.exchange(way, port, command(), client), right);
    },
  });
