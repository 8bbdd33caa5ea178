import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { lab, labOk, labProgram } from './support/lab-program.js';
import { python } from '../support/python.js';
import { sendsUntilTheEnd, takesUntilTheEnd } from '../support/talkers.js';

const name = `rules-${process.pid}`;
const vsockctl = fileURLToPath(new URL('../../../bin/vsockctl', import.meta.url));
const limitMilliseconds = 60_000;

const rules = (remote: string): string => `version: 1
tenants:
  red:
    groups:
      servers:
        rules:
          - { id: open, direction: ingress, protocol: tcp, ports: [7000], remote: ${remote} }
      clients: {}
    vms: { red1: [clients], red2: [servers], red3: [clients] }
`;

describe('vsockctl rules in the lab', () => {
  let environment: NodeJS.ProcessEnv;
  const directory = mkdtempSync(join(tmpdir(), 'vsocket-rules-'));
  const programs: ChildProcess[] = [];

  before(async () => {
    await labOk('up', '--name', name);
    const { stdout } = await lab(['env', '--name', name]);
    const given = [...stdout.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm)].map(([, key, value]) => [
      key,
      value,
    ]);
    environment = { ...process.env, ...(Object.fromEntries(given) as NodeJS.ProcessEnv) };
  });
  after(async () => {
    for (const program of programs) program.kill('SIGKILL');
    await labOk('down', '--name', name);
    rmSync(directory, { recursive: true });
  });

  async function ctl(...words: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn(vsockctl, words, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }

  function file(text: string): string {
    const path = join(directory, 'rules.yaml');
    writeFileSync(path, text);
    return path;
  }

  /** @returns what the program printed at its end */
  function inVm(vm: string, source: string, ...words: string[]): Promise<string> {
    const child = spawn(labProgram, ['exec', '--name', name, vm, '--', python, '-c', source, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    programs.push(child);
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    return once(child, 'close').then(() => said.trim());
  }

  async function untilPath(vm: string, path: string): Promise<void> {
    const end = performance.now() + limitMilliseconds;
    for (;;) {
      const { stdout } = await ctl('flows', '-f', `vm=${vm} path=${path}`, '-o', 'name', '--ends');
      if (stdout.trim() !== '') return;
      assert.ok(performance.now() < end, `no flow of ${vm} on ${path}`);
      await sleep(100);
    }
  }

  test('a flow on shared memory ends when its rule goes: a dry run names it, both programs see a reset', async () => {
    const open = file(rules('{ group: clients }'));
    assert.equal((await ctl('rules', 'apply', '-f', open)).code, 0);
    const ends = [inVm('red2', takesUntilTheEnd), inVm('red1', sendsUntilTheEnd, '10.0.0.2', '0.001')];
    await untilPath('red2', 'shm');
    const closed = file(rules('{ cidr: 10.99.0.0/16 }'));
    const plan = await ctl('rules', 'apply', '-f', closed, '--dry-run');
    assert.equal(plan.code, 0);
    assert.match(
      plan.stdout,
      /ends +flow +red2:\d+ +10\.0\.0\.2:7000 to 10\.0\.0\.1:\d+ \(python3, (?:shm|tcp)\) by rule default/,
    );
    assert.match(plan.stdout, /changed +rule +red\/open/);
    // Nobody is there to be asked.
    assert.equal((await ctl('rules', 'apply', '-f', closed)).code, 2);
    assert.equal((await ctl('rules', 'apply', '-f', closed, '--yes')).code, 0);
    assert.deepEqual(await Promise.all(ends), ['ConnectionResetError', 'ConnectionResetError']);
    assert.equal((await ctl('flows', '-o', 'name')).stdout, '');
  });

  test('the commands tell what hosts have, and the exit codes what became of a change', async () => {
    const open = file(rules('{ group: clients }'));
    assert.equal((await ctl('rules', 'apply', '-f', open, '--note', 'for the test')).code, 0);
    const same = await ctl('rules', 'apply', '-f', open);
    assert.deepEqual([same.code, same.stdout], [0, '']);
    assert.match(same.stderr, /hv1: nothing changes/);
    const listed = await ctl('rules', 'list', '-o', 'json', '--filter', 'rule=open host=hv1');
    const [rule] = JSON.parse(listed.stdout) as { id: string; vms: number; remote: string }[];
    assert.deepEqual([rule?.id, rule?.vms, rule?.remote], ['red/open', 1, 'group:clients']);
    assert.equal((await ctl('rules', 'test', '--from', 'red3', '--to', 'red2', '--port', '7000')).code, 0);
    const denied = await ctl('rules', 'test', '--from', 'red3', '--to', 'red2', '--port', '22');
    assert.equal(denied.code, 7);
    assert.match(denied.stdout, /hv2 +red3 +egress +allow +default[^]*hv1 +red2 +ingress +deny +default/);
    assert.equal((await ctl('rules', 'test', '--from', 'nobody', '--to', 'red2', '--port', '22')).code, 6);
    const wrong = await ctl('rules', 'apply', '-f', file(rules('{ group: nobodies }')));
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.stderr,
      /rules\.yaml:7:\d+: tenants\.red\.groups\.servers\.rules\.0\.remote\.group: there is no group nobodies/,
    );
    const added = await ctl(
      'rules',
      'add',
      'red/servers',
      '{ id: ssh, direction: ingress, protocol: tcp, ports: [22] }',
    );
    assert.equal(added.code, 0);
    assert.equal((await ctl('rules', 'test', '--from', 'red3', '--to', 'red2', '--port', '22')).code, 0);
    assert.match((await ctl('rules', 'rollback', '--dry-run')).stdout, /removed +rule +red\/ssh/);
    assert.equal((await ctl('rules', 'rollback')).code, 0);
    assert.equal((await ctl('rules', 'test', '--from', 'red3', '--to', 'red2', '--port', '22')).code, 7);
    assert.equal((await ctl('rules', 'delete', 'red/ssh')).code, 6);
    const exported = await ctl('rules', 'export');
    assert.equal((await ctl('rules', 'diff', '-f', file(exported.stdout))).stdout, '');
    const history = await ctl('rules', 'history', '-o', 'json', '-H', 'hv1');
    const revisions = JSON.parse(history.stdout) as { note: string; inForce: boolean }[];
    assert.ok(revisions.some(({ note }) => note === 'for the test'));
    assert.equal(revisions.filter(({ inForce }) => inForce).length, 1);
  });
});
