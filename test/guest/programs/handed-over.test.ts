import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { testEveryWay } from '../../support/every-way.js';
import { Programs } from '../../support/programs.js';

// Programs that hand a connection on: to other processes, as their standard input and output, by a copy.

const fixtures = new URL('../../../../test/fixtures/', import.meta.url).pathname;
const address = '10.0.0.2';
const echoClient = (port: number): string[] => [
  'python3',
  join(fixtures, 'echo_client.py'),
  address,
  `${port}`,
];
const allRight = { code: 0, output: "100 lines of 100 right\nstream right: True and then b''\n" };

let programs: Programs;

before(async () => void (programs = await Programs.start()));
after(() => programs.close());

for (const [name, program] of [
  ['socat EXEC: a program behind a connection', 'EXEC:cat'],
  ['inetd: a connection as 0 and 1 of a program with stdio', 'EXEC:"sed -u n",nofork'],
] as const)
  testEveryWay(name, () => programs, {
    carried: false,
    check: async (way) => {
      const server = ['socat', `TCP-LISTEN:9101,bind=${address},reuseaddr,fork`, program];
      assert.deepEqual(await programs.exchange(way, 9101, server, echoClient(9101)), allRight);
    },
  });
