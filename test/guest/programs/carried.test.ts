import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ringBytes } from '../../../src/channel/region-layout.js';
import { nginx } from '../../support/nginx.js';
import { Programs, type Way } from '../../support/programs.js';

const address = '10.0.0.2';

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

/** A server and a client of it; what the client printed, and how many flows were in shared memory meanwhile. */
async function pair(port: number, server: string[], client: string[], way: Way) {
  const serving = await programs.serve(port, server, way);
  try {
    const { result, flows } = await programs.countFlows(programs.run('a', client, way));
    assert.equal(result.code, 0, `${client.join(' ')}: ${result.output}`);
    return { output: result.output, flows };
  } finally {
    await programs.stop(serving);
  }
}

test('Redis: a benchmark during a background save, and its own count of bytes', async () => {
  const files = ['--dir', directory, '--save', '', '--protected-mode', 'no'];
  const server = await programs.serve(6379, ['redis-server', '--bind', address, ...files], 'both');
  const cli = async (...command: string[]): Promise<string> => {
    const { code, output } = await programs.run('a', ['redis-cli', '-h', address, ...command], 'both');
    assert.equal(code, 0);
    return output;
  };
  const before = programs.ringBytes('b');
  const load = ['redis-benchmark', '-h', address, '-c', '10', '-n', '40000', '-d', '100', '-r', '10000'];
  const benchmark = programs.countFlows(programs.run('a', [...load, '-t', 'set,get', '--csv'], 'both'));
  assert.match(await cli('BGSAVE'), /Background saving started/);
  const { result, flows } = await benchmark;
  assert.equal(result.code, 0);
  assert.equal(result.output.match(/^"(SET|GET)"/gm)?.length, 2);
  assert.ok(flows >= 20, `both ends of ten connections: ${flows}`);
  while (!/rdb_bgsave_in_progress:0/.test(await cli('INFO', 'persistence')));
  assert.match(await cli('INFO', 'persistence'), /rdb_last_bgsave_status:ok/);
  assert.ok(Number(await cli('DBSIZE')) > 0);
  const counts = await cli('INFO', 'stats');
  const now = programs.ringBytes('b');
  const counted = (name: string): number => Number(new RegExp(`${name}:(\\d+)`).exec(counts)?.[1]);
  for (const [ring, program] of [
    [now.rx - before.rx, counted('total_net_input_bytes')],
    [now.tx - before.tx, counted('total_net_output_bytes')],
  ] as const) {
    assert.ok(ring <= program, `${ring} bytes in rings, ${program} by Redis’s count`);
    assert.ok(program - ring < 1 << 20, `${ring} bytes in rings, ${program} by Redis’s count`);
  }
  await programs.stop(server);
});

for (const [name, options, streams] of [
  ['to the server', [], 1],
  ['from the server', ['-R'], 1],
  ['in four streams', ['-P', '4'], 4],
] as const)
  test(`iperf3 ${name}: every byte is in a ring or on the wire`, async () => {
    const vm = name === 'from the server' ? 'b' : 'a';
    const before = { ring: programs.ringBytes(vm).tx, wire: await programs.wireTxBytes(vm) };
    const client = ['iperf3', '-c', address, '-t', '1', '-J', ...options];
    const { output, flows } = await pair(5201, ['iperf3', '-s', '-B', address], client, 'both');
    const ring = programs.ringBytes(vm).tx - before.ring;
    const wire = (await programs.wireTxBytes(vm)) - before.wire;
    const report = JSON.parse(output) as Record<'end', Record<string, { bytes: number }>>;
    const received = report.end['sum_received']?.bytes ?? NaN;
    const sent = report.end['sum_sent']?.bytes ?? NaN;
    const left = 2 * ringBytes * streams; // the receiver stops before the last bytes
    assert.ok(flows >= 2 * streams, `flows in shared memory: ${flows}`);
    assert.ok(ring > received / 2, `${ring} of ${received} bytes in rings`);
    assert.ok(ring <= sent, `${ring} bytes in rings, ${sent} sent`);
    assert.ok(sent <= ring + wire + left, `${ring} bytes in rings, ${wire} on the wire, ${sent} sent`);
    assert.ok(received <= ring + wire, `${ring} bytes in rings, ${wire} on the wire, ${received} received`);
  });

test('sockperf: no message lost, doubled or out of order', async () => {
  const at = ['--tcp', '-i', address, '-p', '11111'];
  const client = ['sockperf', 'ping-pong', ...at, '-t', '1'];
  const { output, flows } = await pair(11111, ['sockperf', 'server', ...at], client, 'both');
  assert.ok(flows >= 2, `flows in shared memory: ${flows}`);
  assert.match(output, /dropped messages = 0; # duplicated messages = 0; # out-of-order messages = 0/);
});

test('nginx and curl: large files by sendfile on one connection', async () => {
  const root = join(directory, 'site');
  mkdirSync(root);
  const files = ['one', 'two', 'three'].map((name) => ({ name, content: randomBytes(12 << 20) }));
  for (const { name, content } of files) writeFileSync(join(root, name), content);
  const server = nginx(directory, `listen ${address}:8080; root ${root};`);
  const urls = files.flatMap(({ name }) => ['-o', join(directory, name), `http://${address}:8080/${name}`]);
  const curl = ['curl', '-sS', '-w', '%{http_code} %{size_download} %{num_connects}\n', ...urls];
  const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  for (const way of ['none', 'both'] as const) {
    const { output, flows } = await pair(8080, server, curl, way);
    assert.equal(output, `200 ${12 << 20} 1\n200 ${12 << 20} 0\n200 ${12 << 20} 0\n`);
    assert.equal(flows >= 2, way === 'both');
    for (const { name, content } of files)
      assert.equal(digest(readFileSync(join(directory, name))), digest(content), name);
  }
});
