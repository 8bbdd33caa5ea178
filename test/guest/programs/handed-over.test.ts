import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { testEveryWay } from '../../support/every-way.js';
import { Programs } from '../../support/programs.js';
import { python } from '../../support/python.js';

// Programs that hand a connection on: to other processes, as their standard input and output, by a copy.

const fixtures = new URL('../../../../test/fixtures/', import.meta.url).pathname;
const address = '10.0.0.2';
const echoClient = (port: number): string[] => [python, join(fixtures, 'echo_client.py'), address, `${port}`];
const allRight = { code: 0, output: "100 lines of 100 right\nstream right: True and then b''\n" };

let programs: Programs;
let directory: string;

before(async () => {
  programs = await Programs.start();
  directory = mkdtempSync(join(tmpdir(), 'vsocket-programs-'));
});

after(async () => {
  await programs.close();
  rmSync(directory, { recursive: true });
});

for (const [name, program] of [
  ['socat EXEC: a program behind a connection', 'EXEC:cat'],
  ['inetd: a connection as 0 and 1 of a program with stdio', 'EXEC:"sed -u n",nofork'],
  // dd only reads and writes.
  ['inetd: a connection as 0 and 1 of a program with read and write', 'EXEC:"dd bs=64 status=none",nofork'],
] as const)
  testEveryWay(name, () => programs, {
    carried: false,
    check: async (way) => {
      const server = ['socat', `TCP-LISTEN:9101,bind=${address},reuseaddr,fork`, program];
      assert.deepEqual(await programs.exchange(way, 9101, server, echoClient(9101)), allRight);
    },
  });

testEveryWay('bash’s /dev/tcp: a copy for each command', () => programs, {
  carried: false,
  check: async (way) => {
    const script = [
      `exec 3<>/dev/tcp/${address}/9103`,
      'right=0',
      'for i in {1..60}; do ((i % 10)) || sleep 0.01; echo "line $i" >&3; read -r answer <&3; [[ $answer = "line $i" ]] && ((++right)); done',
      'echo "$right lines of 60 right"',
      'head -c 300000 /dev/zero | tr "\\0" x >&3; echo >&3; head -c 300001 <&3 | wc -c',
    ];
    const server = ['socat', `TCP-LISTEN:9103,bind=${address},reuseaddr`, 'EXEC:cat'];
    const client = ['bash', '-c', script.join('\n')];
    const right = '60 lines of 60 right\n300001\n';
    assert.deepEqual(await programs.exchange(way, 9103, server, client), { code: 0, output: right });
  },
});

testEveryWay('git daemon: a clone of some megabytes', () => programs, {
  carried: false,
  check: async (way) => {
    const repository = join(directory, 'repository');
    const content = makeRepository(repository);
    const clone = join(directory, 'clone');
    const listen = [`--listen=${address}`, '--port=9104', '--reuseaddr'];
    const server = ['git', 'daemon', ...listen, '--export-all', `--base-path=${directory}`, directory];
    try {
      const url = `git://${address}:9104/repository`;
      const client = ['git', 'clone', '--quiet', url, clone];
      assert.equal((await programs.exchange(way, 9104, server, client)).code, 0);
      for (const [name, bytes] of content) assert.ok(bytes.equals(readFileSync(join(clone, name))), name);
    } finally {
      rmSync(clone, { recursive: true, force: true });
      rmSync(repository, { recursive: true });
    }
  },
});

function makeRepository(path: string): Map<string, Buffer> {
  const files = Array.from({ length: 40 }, (_, i) => [`file${i}`, randomBytes(100_000)] as const);
  mkdirSync(path);
  for (const [name, bytes] of files) writeFileSync(join(path, name), bytes);
  const git = (...command: string[]): void => {
    execFileSync('git', ['-C', path, '-c', 'user.name=x', '-c', 'user.email=x@x', ...command]);
  };
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '--message', 'some files');
  return new Map(files);
}
