import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { Flow } from '../../../src/api/flow.js';
import { mountsOf } from '../support/lab-program.js';

const demoProgram = fileURLToPath(new URL('../../../src/lab/demo/main.js', import.meta.url));

const Frame = z.object({
  hosts: z.array(z.object({ host: z.string(), status: z.literal('ok') })),
  vms: z.array(z.object({ name: z.string() })),
  flows: z.array(Flow),
});

async function runDemo(words: string[], onOutput: (stop: () => void) => void = () => undefined) {
  const demo = spawn(process.execPath, [demoProgram, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  demo.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onOutput(() => demo.kill('SIGTERM'));
  });
  const [code] = (await once(demo, 'close')) as [number | null];
  const directory = `/run/vsocket-lab/demo-${demo.pid}`;
  assert.ok(!existsSync(directory));
  assert.deepEqual(mountsOf(directory), []);
  return { code, frames: stdout.trimEnd().split('\n') };
}

test('without a terminal, npm start prints frames with real programs’ traffic, and leaves nothing', async () => {
  const { code, frames } = await runDemo(['--iterations', '3', '-o', 'json']);
  assert.equal(code, 0);
  assert.equal(frames.length, 3);
  const last = Frame.parse(JSON.parse(frames[2]!));
  assert.deepEqual(
    last.hosts.map(({ host }) => host),
    ['hv1', 'hv2'],
  );
  assert.equal(last.vms.length, 6);
  // Where this machine has no processor to spare, they are on TCP until it has.
  const pathOf = ({ path, reason }: Flow): string => (reason === 'busy' ? 'shm' : path);
  const programs = new Set(last.flows.map((flow) => `${flow.program} ${pathOf(flow)}`));
  for (const expected of ['redis-server shm', 'redis-benchmark shm', 'iperf3 shm', 'iperf3 tcp', 'nginx tcp'])
    assert.ok(programs.has(expected), `${expected} is not among ${[...programs].join(', ')}`);
});

test('a signal ends it, and it leaves nothing', async () => {
  const { code } = await runDemo(['--iterations', '1000', '-o', 'json'], (stop) => stop());
  assert.notEqual(code, 0);
});
