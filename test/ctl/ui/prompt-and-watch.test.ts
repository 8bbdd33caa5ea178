import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fixtureData } from '../support/fixture-data.js';
import { FixtureFleet } from '../support/fixture-fleet.js';
import { programFile } from '../support/run-vsockctl.js';
import { Terminal } from '../support/terminal.js';

let fleet: FixtureFleet;
let terminal: Terminal;
before(async () => {
  fleet = await FixtureFleet.start(6);
});
after(() => fleet.stop());
beforeEach(() => {
  terminal = new Terminal(160, 30, fleet.environment);
});
afterEach(() => terminal.stop());

const options = { timeout: 60_000 };
const isThere = (id: string): boolean => fleet.alpha.data.flows.some((flow) => flow.id === id);

test('kill lists and asks on a terminal; only yes is yes', options, async () => {
  for (const [answer, code, there] of [
    ['', 7, true],
    ['no', 7, true],
    ['yes', 0, false],
  ] as const) {
    terminal.type('clear');
    terminal.press('Enter');
    terminal.start('kill red1:5000');
    await terminal.until(/red1:5000 +alpha[^]*Kill this flow\? \[y\/N\]/);
    terminal.type(answer);
    terminal.press('Enter');
    await terminal.until(new RegExp(`code=${String(code)}`));
    assert.equal(isThere('red1:5000'), there);
  }
});

test('above twenty flows only their number is yes', options, async () => {
  fleet.alpha.data.flows = fixtureData('alpha', 42).flows;
  for (const [answer, code, left] of [
    ['yes', 7, 42],
    ['20', 7, 42],
    ['21', 0, 21],
  ] as const) {
    terminal.type('clear');
    terminal.press('Enter');
    terminal.start('kill --vm red1 --host alpha -o name | tail -n 1; echo piped=${PIPESTATUS[0]}');
    await terminal.until(/Kill these 21 flows\? Type 21 to go on:/);
    terminal.type(answer);
    terminal.press('Enter');
    await terminal.until(new RegExp(`piped=${String(code)}`));
    assert.equal(fleet.alpha.data.flows.length, left);
  }
  fleet.alpha.data.flows = fixtureData('alpha', 6).flows;
});

test('Ctrl-C at the question is an interruption, and kills nothing', options, async () => {
  terminal.start('kill red1:5002');
  await terminal.until(/\[y\/N\]/);
  terminal.press('C-c');
  await terminal.until(/code=130/);
  assert.ok(isThere('red1:5002'));
});

test('the end of input at the question is no', options, async () => {
  terminal.start('kill red1:5002');
  await terminal.until(/\[y\/N\]/);
  terminal.press('C-d');
  await terminal.until(/code=7/);
  assert.ok(isThere('red1:5002'));
});

test('--watch redraws on a terminal until it is interrupted', options, async () => {
  terminal.start('vms --watch --delay 0.3');
  await terminal.until(/^VM .*\n(.+\n){4}/);
  fleet.alpha.data.vms = fleet.alpha.data.vms.map((vm) => ({ ...vm, tenant: 'renamed' }));
  await terminal.until(/^VM .*\nblue1 +alpha +renamed /);
  terminal.press('C-c');
  await terminal.until(/code=130/);
});

// Its rounds take the whole limit.
test(
  '--watch says how old its list is where a host does not answer any more',
  { timeout: 180_000 },
  async () => {
    terminal.start('vms --watch --delay 0.3 --timeout 8');
    const list = /^VM .*\n(.+\n){4}/;
    await terminal.until(new RegExp(`${list.source}(?![^]* old: )`));
    fleet.alpha.misbehave = () => true;
    // All of the list is still there.
    await terminal.until(new RegExp(`${list.source}[^]*^[2-9]s old: not all hosts have answered since`, 'm'));
    // Now it is the one of the other host.
    await terminal.until(/^VM .*\n(.+ beta .*\n){2}(?![^]* old: )[^]*^alpha: no answer within 8 s/m);
    fleet.alpha.misbehave = () => false;
    await terminal.until(/^VM .*\n(.+\n){4}\n*$/);
    terminal.press('C-c');
    await terminal.until(/code=130/);
  },
);

test(
  '--watch on a terminal never wraps, and its header stays in sight, however many rows there are',
  options,
  async () => {
    terminal.resize(80, 24);
    for (const [count, rest] of [
      [0, /^no flows$/m],
      [3, /^(red|blue)1:500[0-2] /m],
      [10_000, /^and 998\d more: a taller window or vsockctl top shows them$/m],
    ] as const) {
      fleet.alpha.data.flows = fixtureData('alpha', count).flows;
      terminal.type('clear');
      terminal.press('Enter');
      terminal.start('flows --watch --delay 0.3 --host alpha --host nowhere.invalid');
      const screen = await terminal.until(rest);
      const lines = screen.split('\n');
      assert.match(lines[0] ?? '', /^FLOW .*SERVICE +TENANT +PROGRAM +PATH +TX\/S +RX\/S/);
      assert.match(screen, /^nowhere\.invalid: /m);
      // Each row begins with its name: none is wrapped.
      for (const line of lines.slice(1).filter((one) => one !== ''))
        assert.match(line, /^(red1:|blue1:|no flows|and |nowhere)/);
      terminal.press('C-c');
      await terminal.until(/code=130/);
    }
    fleet.alpha.data.flows = fixtureData('alpha', 6).flows;
  },
);

test(
  'where the cursor cannot be moved, top is an error, and --watch prints list after list',
  options,
  async () => {
    terminal.type('export TERM=dumb');
    terminal.press('Enter');
    terminal.start('top');
    await terminal.until(
      /vsockctl: top needs a terminal whose cursor can be moved[^]*--iterations[^]*code=2/,
    );
    terminal.start('vms --watch --delay 0.3 --no-headers --host alpha');
    await terminal.until(/(^(blue1|red1) [^]*){6}/m);
    terminal.press('C-c');
    await terminal.until(/code=130/);
  },
);

test('--watch on a pipe gives JSON Lines', options, async () => {
  const env = { PATH: process.env['PATH'], ...fleet.environment };
  const child = spawn(process.execPath, [programFile, 'hosts', '--watch', '--delay', '0.2', '-o', 'json'], {
    env,
  });
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.split('\n').length > 6) break;
  }
  const [code] = (await once(child, 'exit')) as [number];
  assert.equal(code, 0);
  const hosts = text
    .split('\n')
    .slice(0, 6)
    .map((line) => (JSON.parse(line) as { host: string }).host);
  assert.deepEqual(hosts, ['alpha', 'beta', 'alpha', 'beta', 'alpha', 'beta']);
});
