import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { FixtureFleet } from '../support/fixture-fleet.js';
import { fixtureData } from '../support/fixture-data.js';
import { Terminal } from '../support/terminal.js';

let fleet: FixtureFleet;
let terminal: Terminal;
before(async () => {
  fleet = await FixtureFleet.start(30);
});
after(() => fleet.stop());
beforeEach(() => {
  fleet.alpha.data.flows = fixtureData('alpha', 30).flows;
  // CI must not change what a terminal shows.
  terminal = new Terminal(120, 30, {
    ...fleet.environment,
    XDG_STATE_HOME: `${fleet.directory}/state`,
    CI: 'true',
  });
});
afterEach(() => terminal.stop());

const options = { timeout: 60_000 };

async function open(words = '', nodeOptions: string[] = []): Promise<void> {
  terminal.start(`top --delay 0.3 ${words}`, nodeOptions);
  await terminal.until(/hosts 2 ok.*flows 60[^]*> red/);
}

function topPid(): number {
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(terminal.shell)], {
    encoding: 'utf8',
  });
  return Number(/^\s*(\d+) .*vsockctl top/m.exec(children)?.[1]);
}

test('q quits with 0 and gives the terminal back', options, async () => {
  await open();
  assert.deepEqual(terminal.modes, { alternate: true, cursor: false });
  terminal.press('q');
  const screen = await terminal.until(/code=0/);
  assert.doesNotMatch(screen, /hosts 2 ok/);
  assert.deepEqual(terminal.modes, { alternate: false, cursor: true });
});

test(
  'RDMA views: their lists are asked for only while they are open; Enter leads on, Esc back',
  options,
  async () => {
    await open();
    const asked = (): Set<string> => new Set(fleet.alpha.requests.map(({ url }) => url));
    assert.ok(!asked().has('GET /v1/counters'));
    terminal.press('4');
    await terminal.until(/> *mlx5_0\/1 +alpha +ACTIVE[^]*mlx5_0\/2 +beta +DOWN/);
    assert.ok(asked().has('GET /v1/devices') && !asked().has('GET /v1/qps'));
    terminal.press('Enter');
    await terminal.until(/alpha \/ mlx5_0[^]*mlx5_0\/17 +alpha +117 +RC +RTS/);
    terminal.press('Enter');
    // What moves most comes first.
    await terminal.until(
      /PER SECOND▼[^]*port_xmit_data +4\.0 KiB +2\.0 KiB\/s[^]*port_xmit_packets +12 +6\.0\/s/,
    );
    terminal.press('Escape');
    await terminal.until(/mlx5_0\/2 +alpha +DOWN/);
    terminal.press('3');
    await terminal.until(/> red/);
    fleet.alpha.requests.length = 0;
    // A round that was under way may still ask for the view before.
    const rounds = (): string[] => fleet.alpha.requests.map(({ url }) => url);
    while (rounds().filter((url) => url === 'GET /v1/host').length < 4) await sleep(50);
    const second = rounds().indexOf('GET /v1/host', rounds().indexOf('GET /v1/host') + 1);
    assert.deepEqual(
      new Set(rounds().slice(second)),
      new Set(['GET /v1/host', 'GET /v1/vms', 'GET /v1/flows']),
    );
  },
);

test('signals quit with their code and give the terminal back', options, async () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    await open();
    process.kill(topPid(), signal);
    await terminal.until(new RegExp(`code=${String(code)}`));
    assert.deepEqual(terminal.modes, { alternate: false, cursor: true });
  }
  await open();
  terminal.press('K');
  await terminal.until(/Kill this flow/);
  terminal.press('C-c');
  await terminal.until(/code=130/);
});

test('a crash gives the terminal back and says one line', options, async () => {
  const crash = "process.on('SIGUSR2', () => { throw new Error('broken on purpose'); })";
  await open('', [`--import "data:text/javascript,${crash}"`]);
  process.kill(topPid(), 'SIGUSR2');
  const screen = await terminal.until(/code=1\n/);
  assert.match(screen, /vsockctl: unexpected: broken on purpose/);
  assert.deepEqual(terminal.modes, { alternate: false, cursor: true });
});

test('down to a VM’s flows and out again', options, async () => {
  await open();
  terminal.press('1');
  await terminal.until(/> alpha +ok/);
  terminal.press('j', 'Enter');
  await terminal.until(/Rules +beta[^]*> blue3/);
  terminal.press('G', 'Enter');
  await terminal.until(/beta \/ red3[^]*> red3:/);
  terminal.press('Escape');
  await terminal.until(/Rules +beta .*\n.*VM/);
  terminal.press('Escape');
  await terminal.until(/> (alpha|beta) +ok/);
});

test(
  'Escape and a key that has a sequence of its own count both, when they come together',
  options,
  async () => {
    await open();
    terminal.press('/');
    terminal.type('vm=red1');
    terminal.press('Enter');
    await terminal.until(/vm=red1 .* 1\/15\n/);
    terminal.press('G');
    await terminal.until(/ 15\/15\n/);
    terminal.send('\u001b\u001b[H');
    assert.doesNotMatch(await terminal.until(/ 1\/60\n/), /vm=red1/);
  },
);

test('a kill asks, with Cancel in focus, and both keys quickly pressed count', options, async () => {
  await open();
  terminal.press('/');
  terminal.type('id=red1:5028');
  terminal.press('Enter');
  await terminal.until(/1\/1\b[^]*> red1:5028/);
  terminal.press('K');
  await terminal.until(/Kill this flow\?[^]*red1:5028 +alpha [^]*\[ Cancel \]/);
  terminal.press('Enter');
  await terminal.until(/> red1:5028[^]*help/);
  assert.ok(fleet.alpha.data.flows.some((flow) => flow.id === 'red1:5028'));
  terminal.press('K', 'Right');
  await terminal.until(/\[ Kill \]/);
  terminal.press('Enter');
  await terminal.until(/1 of 1 flows reset/);
  assert.ok(!fleet.alpha.data.flows.some((flow) => flow.id === 'red1:5028'));
  // Its totals stay for a while.
  await terminal.until(/> red1:5028.* closed/);
});

test('marks are for a kill of many', options, async () => {
  await open('--filter vm=red1 --sort-by id');
  terminal.press('Space', 'Space', 'Space', 'K');
  await terminal.until(/Kill these 3 flows\?[^]*red1:5000[^]*red1:5002[^]*red1:5004/);
  terminal.press('Escape', 'u');
  await terminal.until(/^(?![^]*marked)[^]*by FLOW/);
});

test('readonly has no kill, not even in the help', options, async () => {
  await open('--readonly');
  terminal.press('K', '?');
  const screen = await terminal.until(/Keys[^]*quit/);
  assert.doesNotMatch(screen, /kill/i);
});

test('freeze holds the picture, and lets one scroll', options, async () => {
  await open('--filter host=alpha');
  terminal.press('Z');
  await terminal.until(/FROZEN/);
  fleet.alpha.data.flows = [];
  terminal.press('G');
  await terminal.until(/30\/30/);
  terminal.press('Z');
  await terminal.until(/closed/);
});

test('Ctrl-Z suspends, fg brings it back', options, async () => {
  await open();
  terminal.press('C-z');
  await terminal.until(/Stopped/);
  assert.deepEqual(terminal.modes, { alternate: false, cursor: true });
  terminal.resize(100, 26);
  terminal.type('fg');
  terminal.press('Enter');
  await terminal.until(/hosts 2 ok[^]*> red1/);
  // In the size that the window has got meanwhile.
  await terminal.until(/^hosts 2 ok.*\d\d:\d\d:\d\d\n(.*\n){24}\? help.* s\n$/);
  assert.deepEqual(terminal.modes, { alternate: true, cursor: false });
  terminal.press('2');
  await terminal.until(/> blue1/);
});

test('any size: what fits is aligned, what is too small is said', options, async () => {
  await open();
  for (const [columns, rows] of [
    [200, 60],
    [80, 24],
    [60, 10],
  ] as const) {
    terminal.resize(columns, rows);
    const whole = new RegExp(
      `^hosts 2 ok.*\\d\\d:\\d\\d:\\d\\d\\n(.*\\n){${String(rows - 2)}}\\? help.* s\\n$`,
    );
    const lines = (await terminal.until(whole)).split('\n');
    assert.ok(lines.every((line) => [...line].length <= columns));
    const path = lines[2]?.indexOf('PATH') ?? -1;
    assert.ok(
      path > 0 && lines.slice(3, 8).every((line) => /^(shm|tcp) /.test(line.slice(path))),
      lines.join('\n'),
    );
  }
  terminal.resize(40, 8);
  await terminal.until(/window too small: 40x8, needs 60x10/);
  terminal.resize(120, 30);
  await terminal.until(/hosts 2 ok/);
});

test('wide columns stay on after a restart; ASCII and NO_COLOR are kept to', options, async () => {
  terminal.resize(250, 30);
  await open('--ascii');
  terminal.press('w');
  await terminal.until(/VNI/);
  assert.match(terminal.screen, /^[\x0a\x20-\x7e]*$/);
  terminal.press('q');
  await terminal.until(/code=0/);
  terminal.type('clear; export NO_COLOR=1');
  terminal.press('Enter');
  await open();
  await terminal.until(/VNI/);
  assert.doesNotMatch(terminal.screenWithAttributes, /\u001b\[(?:\d+;)*(?:3[0-7]|9[0-7])m/);
  terminal.press('w', 'q');
  await terminal.until(/code=0/);
});

test('where the locale is not UTF-8, all is ASCII', options, async () => {
  terminal.type('export LC_ALL=C; clear');
  terminal.press('Enter');
  await open();
  terminal.press('?');
  await terminal.until(/Keys/);
  assert.match(terminal.screen, /^[\x0a\x20-\x7e]*$/);
});

test('chosen columns and how far one has scrolled are there after a restart', options, async () => {
  await open();
  terminal.press('c', 'j', 'Space', 'Escape', ']', ']');
  // Columns are as wide as what was in them so far.
  const titles = (screen: string): string => screen.split('\n')[2]?.replaceAll(/ +/g, ' ') ?? '';
  const before = titles(await terminal.until(/^‹/m));
  assert.doesNotMatch(before, /HOST/);
  terminal.press('q');
  await terminal.until(/code=0/);
  terminal.type('clear');
  terminal.press('Enter');
  await open();
  assert.equal(titles(terminal.screen), before);
  terminal.press('c', 'r', 'Escape', 'q');
  await terminal.until(/code=0/);
});

test('broken settings are said and left as they are', options, async () => {
  mkdirSync(`${fleet.directory}/broken/vsockctl`, { recursive: true });
  const file = `${fleet.directory}/broken/vsockctl/top.json`;
  writeFileSync(file, '{"wide": 3}');
  terminal.type(`export XDG_STATE_HOME=${fleet.directory}/broken; clear`);
  terminal.press('Enter');
  await open();
  await terminal.until(/top\.json is ignored: “wide” in it/);
  terminal.press('j', 'w');
  await terminal.until(/2\/60[^]*top\.json is ignored/);
  assert.equal(readFileSync(file, 'utf8'), '{"wide": 3}');
});

test('a host that falls silent is stale: dimmed, with its age, and out of the totals', options, async () => {
  terminal.start('top --delay 0.3 --timeout 5');
  await terminal.until(/hosts 2 ok.*VMs 4 +flows 60 \(40 fast\)/);
  fleet.alpha.misbehave = () => true;
  await terminal.until(/hosts 1 ok, 1 stale.*VMs 2 +flows 30 \(20 fast\)/);
  terminal.press('1');
  const uptime = (screen: string): string =>
    / (\S+) +\d+ +\d+ +\d+ /.exec(/alpha .*/.exec(screen)?.[0] ?? '')?.[1] ?? '';
  const before = uptime(await terminal.until(/alpha +stale [12]s/));
  // What is under the cursor is inverse, and not dimmed.
  terminal.press('j');
  assert.equal(uptime(await terminal.until(/alpha +stale [34]s[^]*> *beta/)), before);
  assert.match(terminal.screenWithAttributes, /alpha[^\n]*stale[^\n]*\u001b\[(?:[\d;]*;)?2m[^\n]*0\.1\.0/);
  await terminal.until(/hosts 1 ok, 1 failed[^]*alpha +failed/);
  fleet.alpha.misbehave = () => false;
  await terminal.until(/hosts 2 ok.*VMs 4 +flows 60/);
});

test('hosts that fail are there with the reason', options, async () => {
  terminal.start('top --delay 0.3 --host alpha --host nowhere.invalid');
  await terminal.until(/hosts 1 ok, 1 failed[^]*nowhere\.invalid: .*name does not resolve/);
  terminal.press('1');
  await terminal.until(/nowhere\.invalid +failed/);
});
