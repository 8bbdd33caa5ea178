import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { LabStatus } from '../../src/lab/status.js';
import { labProgram } from './support/lab-program.js';

/** Debian’s `nobody`: a user with no rights at all. */
const nobody = 65_534;
const runtimeDirectory = mkdtempSync(join(tmpdir(), 'vsocket-rootless-'));
chownSync(runtimeDirectory, nobody, nobody);
after(() => rmSync(runtimeDirectory, { recursive: true }));

const asNobody = (command: string, ...args: string[]) =>
  spawnSync(command, args, {
    uid: nobody,
    gid: nobody,
    cwd: '/',
    env: { PATH: process.env['PATH'], XDG_RUNTIME_DIR: runtimeDirectory },
    encoding: 'utf8',
  });

/** Why this machine cannot run the test; false when it can. */
function obstacle(): string | false {
  if (
    asNobody(process.execPath, '-e', `require('node:fs').accessSync(${JSON.stringify(labProgram)})`)
      .status !== 0
  )
    return 'another user cannot read this directory';
  if (asNobody('unshare', '--user', '--map-root-user', 'true').status !== 0)
    return 'the kernel gives users no user namespaces';
  return false;
}

function ok(command: string, ...words: string[]): string {
  const { status, stdout, stderr } = asNobody(labProgram, command, '--name', 'own', ...words);
  assert.equal(status, 0, stderr);
  return stdout;
}

test('without root: up, traffic between hosts, a killed keeper, down', { skip: obstacle() }, () => {
  ok('up');
  const { hosts } = JSON.parse(ok('status', '-o', 'json')) as LabStatus;
  assert.ok(hosts.every(({ vsockd, sshd }) => vsockd.answers && sshd.running));

  const server = ['socat', 'TCP-LISTEN:7000,reuseaddr', 'EXEC:hostname'];
  ok('exec', 'red3', '--plain', '--', 'sh', '-c', `${server.join(' ')} >/dev/null 2>&1 &`);
  const answer = ok(
    'exec',
    'red1',
    '--plain',
    '--',
    'socat',
    '-T5',
    '-',
    'TCP:10.0.0.3:7000,retry=50,interval=0.1',
  );
  assert.equal(answer, 'red3\n');

  // vsockd has all the rights in there that it needs to see the VMs’ connections.
  for (const { vsockd } of hosts)
    assert.doesNotMatch(readFileSync(vsockd.log, 'utf8'), /"level":"(error|fatal)"/);

  const keeperRecord = join(runtimeDirectory, 'vsocket-lab/own.keeper');
  const { pid } = JSON.parse(readFileSync(keeperRecord, 'utf8')) as { pid: number };
  process.kill(pid, 'SIGKILL');
  ok('down');
  assert.deepEqual(readdirSync(runtimeDirectory), []);
  for (const { vsockd, holder } of hosts)
    for (const { pid: ended } of [vsockd, holder]) assert.ok(!existsSync(`/proc/${ended}/exe`));

  ok('up');
  ok('down');
  assert.deepEqual(readdirSync(runtimeDirectory), []);
});
