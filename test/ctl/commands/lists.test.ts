import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { Flow } from '../../../src/api/flow.js';
import { fixtureConnections } from '../support/fixture-connections.js';
import { FixtureFleet } from '../support/fixture-fleet.js';
import { programFile, runVsockctl } from '../support/run-vsockctl.js';

let fleet: FixtureFleet;
before(async () => {
  fleet = await FixtureFleet.start(20);
});
after(() => fleet.stop());

test('flows as JSON have the API’s own form, host by host', async () => {
  const { code, stdout, stderr } = await fleet.run('flows', '-o', 'json');
  assert.equal(stderr, '');
  assert.equal(code, 0);
  const flows = z.array(Flow).parse(JSON.parse(stdout));
  assert.equal(flows.length, 40);
  assert.deepEqual(new Set(flows.map((flow) => flow.host)), new Set(['alpha', 'beta']));
});

test('every format holds the same rows', async () => {
  const words = ['flows', '--vm', 'red1', '--sort-by', 'id', '-o'];
  const names = fleet.alpha.data.flows.filter((flow) => flow.vm === 'red1').map((flow) => flow.id);
  const output = async (format: string): Promise<string> => (await fleet.run(...words, format)).stdout;
  const lines = async (format: string): Promise<string[]> => (await output(format)).trim().split(/\r?\n/);
  const ids = (list: unknown): string[] =>
    z
      .array(z.object({ id: z.string() }))
      .parse(list)
      .map(({ id }) => id);
  assert.deepEqual(await lines('name'), names);
  assert.deepEqual(ids(JSON.parse(await output('json'))), names);
  assert.deepEqual(ids((await lines('jsonl')).map((line) => JSON.parse(line) as unknown)), names);
  assert.deepEqual(ids(parse(await output('yaml'))), names);
  assert.deepEqual(
    (await lines('csv')).slice(1).map((line) => line.split(',')[0]),
    names,
  );
  assert.deepEqual(
    (await lines('table')).slice(1).map((line) => line.split(' ')[0]),
    names,
  );
  assert.deepEqual(
    (await lines('wide')).slice(1).map((line) => line.split(' ')[0]),
    names,
  );
});

test('sorting, filtering, limits, exact numbers and headers', async () => {
  const { stdout } = await fleet.run(
    'flows',
    '--no-headers',
    '-n',
    '--limit',
    '2',
    '--sort-by',
    'txBytes',
    '-f',
    'path=shm',
    '-f',
    'host=beta',
  );
  const best = fleet.beta.data.flows
    .filter((flow) => flow.path === 'shm')
    .toSorted((a, b) => (b.txBytes ?? 0) - (a.txBytes ?? 0));
  const rows = stdout.trim().split('\n');
  assert.equal(rows.length, 2);
  assert.ok(rows[0]?.includes(` ${String(best[0]?.txBytes)} `));
  assert.ok(rows[1]?.startsWith(best[1]?.id ?? '?'));
});

test('a wrong option, filter, key or command is a usage error in one line, and asks no host', async () => {
  const asked = fleet.alpha.requests.length;
  const wrong = [
    ['flows', '--bogus'],
    ['flows', '-o', 'xml'],
    ['flows', '--sort-by', 'bogus'],
    ['vms', '--limit', '0'],
    ['hosts', '--timeout', 'x'],
    ['bogus'],
    ['explain'],
  ];
  for (const [index, { code, stdout, stderr }] of (await fleet.runAll(wrong)).entries()) {
    assert.deepEqual([code, stdout], [2, ''], wrong[index]?.join(' '));
    assert.match(stderr, /^vsockctl: [^\n]+\n$/);
  }
  assert.equal(fleet.alpha.requests.length, asked);
});

test('what is wrong is said in plain words: what, which, why, and what to do', async () => {
  const long = 'a'.repeat(200);
  const wrong: [string[], RegExp][] = [
    [['flows', '--sort', 'id'], /^vsockctl: unknown option '--sort', did you mean --sort-by\?;/],
    // Nothing there begins like it.
    [['explain', '--sort', 'id'], /^vsockctl: unknown option '--sort'; see/],
    [['flows', '--outptu', 'json'], /did you mean --output\?/],
    [
      ['kill', '--vm', long],
      /^vsockctl: --vm a+: a VM’s name has at most 64 characters; see vsockctl kill --help/,
    ],
    [['kill', long], /^vsockctl: a flow’s id has at most 128 characters; see vsockctl kill --help/],
    [
      ['flows', '--timeout', 'x'],
      /^vsockctl: --timeout x: expects a number of seconds; see vsockctl flows --help/,
    ],
  ];
  const runs = await fleet.runAll(wrong.map(([words]) => words));
  for (const [index, [words, line]] of wrong.entries()) {
    const { code, stdout, stderr } = runs[index]!;
    assert.deepEqual([code, stdout], [2, ''], words.join(' '));
    assert.match(stderr, line);
    assert.equal(stderr.split('\n').length, 2);
  }
  // A list of hosts that cannot be read.
  mkdirSync(`${fleet.directory}/config.d/vsockctl/hosts`, { recursive: true });
  const environment = {
    ...fleet.environment,
    VSOCKCTL_HOSTS: undefined,
    XDG_CONFIG_HOME: `${fleet.directory}/config.d`,
  };
  const unread = await runVsockctl(['flows'], environment);
  assert.equal(unread.code, 2);
  assert.match(
    unread.stderr,
    /^vsockctl: cannot read the list of hosts \S+\/hosts: illegal operation on a directory; make it readable, or name hosts with --host\n$/,
  );
  // Names on the line need no file.
  assert.equal((await runVsockctl(['flows', '--host', 'alpha'], environment)).code, 0);
  // A directory of sockets that a variable leaves empty.
  const empty = await runVsockctl(['flows'], { ...fleet.environment, VSOCKCTL_SOCKET_DIRECTORY: '' });
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /^vsockctl: VSOCKCTL_SOCKET_DIRECTORY “” is no absolute path; /);
});

test('where the locale is not UTF-8, what vsockctl says is ASCII; data is as it is', async () => {
  const vm = fleet.alpha.data.vms[0]!;
  const name = vm.name;
  vm.name = 'größe';
  try {
    for (const words of [
      ['kill', '--vm', 'a'.repeat(99)],
      ['flows', '-f', 'x=1'],
      ['hosts', '--help'],
      ['help', 'filters'],
      ['kill', 'no:1', '--yes'],
    ]) {
      const { stdout, stderr } = await runVsockctl(words, { ...fleet.environment, LC_ALL: 'C' });
      assert.match(stdout + stderr, /^[\x0a\x20-\x7e]+$/, words.join(' '));
    }
    const { stdout } = await runVsockctl(['vms', '-o', 'json'], { ...fleet.environment, LC_ALL: 'C' });
    assert.match(stdout, /größe/);
  } finally {
    vm.name = name;
  }
});

test('help filters has the keys of every list', async () => {
  const { stdout } = await fleet.run('help', 'filters');
  for (const title of ['flows', 'VMs', 'hosts', 'links', 'devices', 'queue pairs', 'counters'])
    assert.match(stdout, new RegExp(`^Keys of ${title}:$`, 'm'));
  assert.match(stdout, /^ {2}peerHost +the host at the other end$/m);
});

test('a wrong filter is an error with a caret under the place, and asks no host', async () => {
  const asked = fleet.alpha.requests.length;
  const { code, stdout, stderr } = await fleet.run('flows', '-f', 'vm=red1 path=rmda');
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /^vsockctl: [^\n]*did you mean rdma\?; [^\n]*\n {2}vm=red1 path=rmda\n {15}\^\n$/);
  assert.equal(fleet.alpha.requests.length, asked);
});

test('filter, order and limit go to the hosts, and come out the same as here', async () => {
  const last = (): string => decodeURIComponent(fleet.alpha.requests.at(-1)?.url ?? '').replaceAll('+', ' ');
  const { stdout } = await fleet.run('flows', '-f', 'port=6379 or path=tcp', '--limit', '3', '-o', 'name');
  assert.equal(last(), 'GET /v1/flows?filter=port=6379 or path=tcp&sort=-bytesPerSecond&limit=3');
  const best = [...fleet.alpha.data.flows, ...fleet.beta.data.flows]
    .filter((flow) => flow.remotePort === 6379 || flow.path === 'tcp')
    .map((flow) => ({ id: flow.id, rate: (flow.txBytesPerSecond ?? 0) + (flow.rxBytesPerSecond ?? 0) }))
    .toSorted((a, b) => b.rate - a.rate || (a.id < b.id ? -1 : 1));
  const rates = new Map(best.map(({ id, rate }) => [id, rate]));
  assert.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map((id) => rates.get(id)),
    best.slice(0, 3).map(({ rate }) => rate),
  );
  // What only vsockctl knows, or orders in its own way, it does here.
  await fleet.run('flows', '-f', 'host=alpha', '--limit', '3', '-o', 'name');
  assert.equal(last(), 'GET /v1/flows?sort=-bytesPerSecond');
  await fleet.run('flows', '-f', 'vm=red1', '--sort-by', 'id', '--limit', '3', '-o', 'name');
  assert.equal(last(), 'GET /v1/flows?filter=vm=red1');
});

test('tables have a row for a connection whose ends are both known; --ends and the other formats have both', async () => {
  const before = [fleet.alpha.data.flows, fleet.beta.data.flows];
  const client = { host: 'alpha', vm: 'red1', address: '10.0.0.1', program: 'redis-benchmark' };
  const service = { host: 'beta', vm: 'red3', address: '10.0.0.3', program: 'redis-server', port: 6379 };
  const ends = fixtureConnections(client, service, 4);
  [fleet.alpha.data.flows, fleet.beta.data.flows] = [ends.client, ends.service];
  const lines = async (...words: string[]): Promise<string[]> =>
    (await fleet.run('flows', '--sort-by', 'id', '--no-headers', ...words)).stdout.trim().split('\n');
  try {
    const rows = await lines();
    assert.equal(rows.length, 4);
    assert.match(rows[0]!, /^red1:7000 +alpha>beta +red1:50000 +red3:6379 +red +out +redis-server +rdma /);
    assert.equal((await lines('--ends')).length, 8);
    assert.equal((await lines('-o', 'name')).length, 8);
    const flows = JSON.parse((await lines('-o', 'json')).join('')) as Record<string, unknown>[];
    assert.equal(new Set(flows.map(({ connectionId }) => connectionId)).size, 4);
    assert.ok(flows.every((flow) => !('other' in flow)));
    // What the rows are ordered by is not the same at both ends: no host can cut its list.
    const most = await lines('--sort-by', 'txBytesPerSecond', '--limit', '2');
    assert.deepEqual(
      most.map((line) => line.split(' ')[0]),
      ['red1:7003', 'red1:7002'],
    );
    assert.equal(fleet.alpha.requests.at(-1)?.url, 'GET /v1/flows');
    assert.equal((await lines('--sort-by', 'bytes', '--limit', '2')).length, 2);
    assert.equal(fleet.alpha.requests.at(-1)?.url, 'GET /v1/flows?sort=-bytes&limit=4');
    // One end is what was asked for.
    assert.match((await lines('--vm', 'red3')).join('\n'), /^red3:8000 +beta +red1:50000 +red3:6379 /);
  } finally {
    [fleet.alpha.data.flows, fleet.beta.data.flows] = before as [Flow[], Flow[]];
  }
});

test('a VM that no host has is said, one without such flows is not', async () => {
  for (const words of [
    ['-f', 'vm=nosuch'],
    ['-f', 'vm=nosuch path=shm', '-o', 'json'],
    ['--vm', 'nosuch', '-o', 'name'],
  ]) {
    const { code, stderr } = await fleet.run('flows', ...words);
    assert.equal(code, 6, words.join(' '));
    assert.equal(stderr, 'vsockctl: no host has a VM nosuch; list VMs with: vsockctl vms\n');
  }
  for (const words of [
    ['-f', 'vm=red1 path=rdma'],
    ['-f', 'vm=nosuch*'],
    ['-f', 'not vm=red1,red3,blue1,blue3'],
  ])
    assert.equal((await fleet.run('flows', ...words)).code, 0, words.join(' '));
  const { code } = await fleet.run('flows', '-f', 'vm=nosuch', '-H', 'alpha,nowhere.invalid');
  assert.equal(code, 3);
});

test('help and version go to stdout', async () => {
  const manifest = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8');
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(manifest));
  assert.equal((await fleet.run('--version')).stdout, `${version}\n`);
  for (const words of [['--help'], ['flows', '--help'], ['help', 'kill'], ['help', 'filters'], []]) {
    const { code, stdout, stderr } = await fleet.run(...words);
    assert.equal(code, 0, words.join(' '));
    assert.equal(stderr, '');
    assert.ok(stdout.length > 100);
  }
});

test('output that cannot be written is an error', async () => {
  for (const words of [['--version'], ['flows', '-o', 'json'], ['help', 'filters']]) {
    const env = { PATH: process.env['PATH'], ...fleet.environment };
    const script = 'exec "$0" "$@" > /dev/full';
    // The hosts answer from this process: it must not wait for the program’s end.
    const child = spawn('sh', ['-c', script, process.execPath, programFile, ...words], { env });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    const [code] = (await once(child, 'close')) as [number | null];
    assert.deepEqual(
      [code, complaint],
      [1, 'vsockctl: cannot write the output: no space left on device\n'],
      words.join(' '),
    );
  }
});

test('one host that is down is a line on stderr and exit code 3; the other’s rows come', async () => {
  const port = fleet.ssh.port;
  fleet.configure(
    fleet.ssh.clientConfig('alpha') +
      fleet.ssh.clientConfig('beta').replace(`Port ${String(port)}`, 'Port 1'),
  );
  try {
    for (const command of ['flows', 'vms']) {
      const { code, stdout, stderr } = await fleet.run(command, '-o', 'jsonl');
      assert.equal(code, 3);
      assert.match(stderr, /^vsockctl: beta: cannot connect to 127\.0\.0\.1 port 1: [^\n]+\n$/);
      assert.ok(stdout.split('\n').length > 2);
      assert.doesNotMatch(stdout, /"host":"beta"/);
    }
    const { code, stdout } = await fleet.run('hosts', '-o', 'json');
    assert.equal(code, 3);
    const hosts = z
      .array(z.object({ host: z.string(), status: z.string(), error: z.string().nullable() }))
      .parse(JSON.parse(stdout));
    assert.deepEqual(
      hosts.map(({ host, status }) => [host, status]),
      [
        ['alpha', 'ok'],
        ['beta', 'failed'],
      ],
    );
    assert.match(hosts[1]?.error ?? '', /cannot connect/);
  } finally {
    fleet.configure(fleet.ssh.clientConfig('alpha beta'));
  }
});

test('where all hosts asked fail for one reason it is the exit code, whatever is asked for; for several it is 1', async () => {
  const refused = fleet.ssh.clientConfig('alpha', { knownHosts: '/dev/null' });
  const unreachable = fleet.ssh.clientConfig('beta').replace(`Port ${String(fleet.ssh.port)}`, 'Port 1');
  const asked = [
    ['hosts'],
    ['flows'],
    ['flows', '-o', 'json'],
    ['vms', '-o', 'csv'],
    ['explain', 'red1:5000'],
    ['kill', '--vm', 'red1', '--yes'],
    ['top', '--iterations', '1'],
  ];
  try {
    for (const [config, expected] of [
      [refused + refused.replace('Host alpha', 'Host beta'), 4],
      [unreachable + unreachable.replace('Host beta', 'Host alpha'), 5],
      [refused + unreachable, 1],
    ] as const) {
      fleet.configure(config);
      for (const words of asked) assert.equal((await fleet.run(...words)).code, expected, words.join(' '));
    }
  } finally {
    fleet.configure(fleet.ssh.clientConfig('alpha beta'));
  }
});

test('the note for the audit log goes along', () => {
  assert.match(fleet.alpha.requests[0]?.client ?? '', /^\S+@\S+$/);
});
