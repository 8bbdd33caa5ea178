import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { Counter } from '../../../src/api/counter.js';
import { Device } from '../../../src/api/device.js';
import { Flow } from '../../../src/api/flow.js';
import { QueuePair } from '../../../src/api/rdma-resources.js';
import { RuleEntry } from '../../../src/api/rule.js';
import { Vm } from '../../../src/api/vm.js';
import { FixtureFleet } from '../support/fixture-fleet.js';
import { programFile } from '../support/run-vsockctl.js';

const Frame = z.strictObject({
  at: z.iso.datetime(),
  hosts: z.array(z.looseObject({ host: z.string(), status: z.enum(['ok', 'failed']) })),
  vms: z.array(Vm),
  flows: z.array(Flow),
  devices: z.array(Device),
  qps: z.array(QueuePair),
  counters: z.array(Counter),
  rules: z.array(RuleEntry),
  errors: z.array(z.strictObject({ host: z.string(), code: z.string(), message: z.string() })),
});

let fleet: FixtureFleet;
before(async () => {
  fleet = await FixtureFleet.start(6);
});
after(() => fleet.stop());

test('three frames as JSON Lines, over one connection a host', async () => {
  const { code, stdout, stderr } = await fleet.run(
    'top',
    '--iterations',
    '3',
    '--delay',
    '0.2',
    '-o',
    'json',
  );
  assert.deepEqual([code, stderr], [0, '']);
  const frames = stdout
    .trim()
    .split('\n')
    .map((line) => Frame.parse(JSON.parse(line)));
  assert.equal(frames.length, 3);
  for (const frame of frames) {
    assert.deepEqual(
      [frame.hosts.length, frame.vms.length, frame.flows.length, frame.errors.length],
      [2, 4, 12, 0],
    );
    assert.deepEqual(
      [frame.devices.length, frame.qps.length, frame.counters.length, frame.rules.length],
      [4, 8, 6, 2],
    );
  }
});

test('a host that is down is in the frame, on stderr and in the exit code', async () => {
  const { code, stdout, stderr } = await fleet.run(
    'top',
    '--iterations',
    '1',
    '-o',
    'jsonl',
    '--host',
    'alpha',
    '--host',
    'nowhere.invalid',
  );
  assert.equal(code, 3);
  const frame = Frame.parse(JSON.parse(stdout));
  assert.deepEqual(
    frame.hosts.map(({ status }) => status),
    ['ok', 'failed'],
  );
  assert.equal(frame.errors[0]?.host, 'nowhere.invalid');
  assert.match(stderr, /^vsockctl: nowhere\.invalid: /);
});

test('tables without a terminal', async () => {
  const { code, stdout } = await fleet.run('top', '--iterations', '1', '--limit', '2');
  assert.equal(code, 0);
  assert.match(stdout, /^\d{4}-\S+Z\nHOST .*\nalpha .*\nbeta .*\n\nVM .*\n(.+\n){4}\nFLOW .*\n(.+\n){2}\n$/);
});

test('signals end it with their code', async () => {
  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    const child = spawn(process.execPath, [programFile, 'top', '-o', 'json'], {
      env: { PATH: process.env['PATH'], ...fleet.environment },
    });
    await once(child.stdout, 'data');
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, expected);
  }
});

test('a reader that goes away ends it quietly', async () => {
  const child = spawn(process.execPath, [programFile, 'top', '-o', 'json', '--delay', '0.2'], {
    env: { PATH: process.env['PATH'], ...fleet.environment },
  });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [code] = (await once(child, 'exit')) as [number];
  assert.deepEqual([code, complaints], [0, '']);
});
