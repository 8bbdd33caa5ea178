import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { promisify } from 'node:util';
import { allCommands } from '../../../src/ctl/commands/all-commands.js';
import { bashCompletion } from '../../../src/ctl/completion/bash.js';
import { fishCompletion } from '../../../src/ctl/completion/fish.js';
import { zshCompletion } from '../../../src/ctl/completion/zsh.js';
import { FixtureFleet } from '../support/fixture-fleet.js';
import { programFile } from '../support/run-vsockctl.js';
import { Terminal } from '../support/terminal.js';

let fleet: FixtureFleet;
let environment: Record<string, string>;
before(async () => {
  fleet = await FixtureFleet.start(6);
  const { directory } = fleet;
  mkdirSync(join(directory, 'bin'));
  // A file that no shell may offer where names are wanted.
  mkdirSync(join(directory, 'home'));
  writeFileSync(join(directory, 'home', 'red-file'), '');
  writeFileSync(
    join(directory, 'bin', 'vsockctl'),
    `#!/bin/sh\nexec ${process.execPath} ${programFile} "$@"\n`,
  );
  chmodSync(join(directory, 'bin', 'vsockctl'), 0o755);
  environment = {
    ...fleet.environment,
    PATH: `${directory}/bin:${process.env['PATH'] ?? ''}`,
    HOME: `${directory}/home`,
    LC_ALL: 'C.UTF-8',
  };
});
after(() => fleet.stop());
afterEach(() => {
  fleet.alpha.misbehave = () => false;
});

const options = { timeout: 60_000 };

/** Not synchronously: the hosts are in this process. */
async function inShell(file: string, words: readonly string[]): Promise<string[]> {
  const cwd = join(fleet.directory, 'home');
  const { stdout } = await promisify(execFile)(file, [...words], { env: environment, cwd });
  return stdout.split('\n').filter((line) => line !== '');
}

/** What a real bash offers for the end of a line. */
function bashOffers(line: string): Promise<string[]> {
  const script = `${bashCompletion(allCommands)}
COMP_LINE=$1 COMP_POINT=\${#1}; _vsockctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return inShell('bash', ['--norc', '-c', script, 'bash', line]);
}

/** The same of a real fish. */
async function fishOffers(line: string): Promise<string[]> {
  const script = `${fishCompletion(allCommands)}\ncomplete -C ${JSON.stringify(line)}`;
  const offers = await inShell('fish', ['--no-config', '-c', script]);
  return offers.map((offer) => offer.split('\t')[0] ?? '');
}

test('bash completes commands, options and the values of each command’s options', async () => {
  assert.deepEqual(await bashOffers('vsockctl fl'), ['flows']);
  assert.deepEqual(await bashOffers('vsockctl kill --dr'), ['--dry-run']);
  assert.deepEqual(await bashOffers('vsockctl flows -o j'), ['json', 'jsonl']);
  assert.deepEqual(await bashOffers('vsockctl flows --output=j'), ['json', 'jsonl']);
  assert.deepEqual(await bashOffers('vsockctl top --output '), ['table', 'json', 'jsonl']);
  assert.deepEqual(await bashOffers('vsockctl completion z'), ['zsh']);
  assert.deepEqual(await bashOffers('vsockctl flows --sort-by est'), ['establishedAt']);
  assert.deepEqual(await bashOffers('vsockctl flows -f queuep'), []);
  assert.deepEqual(await bashOffers('vsockctl flows -f queueP'), ['queuePair=']);
});

test('after an option with a value bash offers no options', async () => {
  assert.deepEqual(await bashOffers('vsockctl flows --timeout '), []);
  assert.deepEqual(await bashOffers('vsockctl flows --limit -'), []);
});

test('bash and fish ask the hosts for names of hosts, VMs and flows', options, async () => {
  for (const offers of [bashOffers, fishOffers]) {
    assert.deepEqual(new Set(await offers('vsockctl flows --host ')), new Set(['alpha', 'beta']));
    assert.deepEqual(
      new Set(await offers('vsockctl flows --vm ')),
      new Set(['red1', 'red3', 'blue1', 'blue3']),
    );
    assert.deepEqual(await offers('vsockctl kill --vm blue1'), ['blue1']);
    assert.deepEqual(new Set(await offers('vsockctl flows --host beta --vm ')), new Set(['red3', 'blue3']));
  }
  // Bash takes what is before the colon for a word of its own.
  assert.deepEqual(new Set(await bashOffers('vsockctl kill red1:500')), new Set(['5000', '5002', '5004']));
  assert.deepEqual(new Set(await bashOffers('vsockctl explain blue3:')), new Set(['5001', '5003', '5005']));
  const ofRed = new Set(['red1:5000', 'red1:5002', 'red1:5004']);
  assert.deepEqual(new Set(await fishOffers('vsockctl kill red1')), ofRed);
});

test('fish completes keys, and offers no files', async () => {
  assert.deepEqual(await fishOffers('vsockctl flows --sort-by est'), ['establishedAt']);
  assert.deepEqual(await fishOffers('vsockctl flows --timeout '), []);
  assert.deepEqual(await fishOffers('vsockctl flows --vm red-'), []);
  assert.ok((await fishOffers('vsockctl flows --filter ')).includes('path='));
});

test('the hosts are asked once for keys that follow each other', options, async () => {
  fleet.alpha.requests.length = 0;
  const line = 'vsockctl vms --host alpha --socket-directory';
  await bashOffers(`${line} ${fleet.directory}/alpha --host `);
  assert.equal(fleet.alpha.requests.length, 0);
  const ask = (): Promise<string[]> =>
    bashOffers(`vsockctl flows --socket-directory ${fleet.directory}/alpha --vm r`);
  assert.deepEqual(await ask(), ['red1']);
  const asked = fleet.alpha.requests.length;
  assert.ok(asked > 0);
  assert.deepEqual(await ask(), ['red1']);
  assert.equal(fleet.alpha.requests.length, asked);
});

test(
  'a host that hangs costs a moment, one that lies runs nothing, and no error is said',
  options,
  async () => {
    const vms = fleet.alpha.data.vms;
    fleet.alpha.data.vms = ['$(touch pwned)', '`touch pwned`', 'red9;touch pwned', 'red8 x', 'red7'].map(
      (name) => ({
        ...vms[0]!,
        name,
      }),
    );
    const alone = '--host alpha --timeout 3 --vm r';
    assert.deepEqual(await bashOffers(`vsockctl flows ${alone}`), ['red7']);
    fleet.alpha.data.vms = vms;
    environment['XDG_CACHE_HOME'] = join(fleet.directory, 'cache');
    fleet.alpha.misbehave = () => true;
    assert.deepEqual(await bashOffers('vsockctl kill --host alpha --host beta --vm red'), ['red3']);
    assert.deepEqual(await bashOffers('vsockctl kill --host nowhere.invalid --vm red'), []);
    await assert.rejects(inShell('ls', ['pwned']));
  },
);

test('keys pressed in zsh and bash', options, async () => {
  const terminal = new Terminal(120, 40, environment);
  try {
    // In the environment of the session it would be the system’s again.
    terminal.type(`export PATH=${fleet.directory}/bin:$PATH`);
    terminal.press('Enter');
    terminal.type('exec zsh -f');
    terminal.press('Enter');
    terminal.type(
      'PS1=\'z> \'; autoload -Uz compinit; compinit -D -u; eval "$(vsockctl completion zsh)"; clear',
    );
    terminal.press('Enter');
    await terminal.until(/^z> *\n/);
    for (const [typed, completed] of [
      ['flows --sort-by est', 'flows --sort-by establishedAt'],
      ['flows --vm blue1', 'flows --vm blue1'],
      ['vms --host al', 'vms --host alpha'],
      ['kill red3:5004', 'kill red3:5004'],
      ['flows --filter queueP', 'flows --filter queuePair='],
    ] as const) {
      terminal.type(`vsockctl ${typed}`);
      terminal.press('Tab');
      terminal.type('END');
      await terminal.until(new RegExp(`^z> vsockctl ${completed} ?END`, 'm'));
      terminal.press('C-u');
    }
    terminal.type('vsockctl flows --vm red');
    terminal.press('Tab', 'Tab');
    await terminal.until(/red1 +red3/);
    terminal.press('C-u');
    terminal.type('exec bash --norc --noprofile');
    terminal.press('Enter');
    terminal.type('PS1="$ "; eval "$(vsockctl completion bash)"; clear');
    terminal.press('Enter');
    await terminal.until(/^\$ *\n/);
    terminal.type('vsockctl kill red3:5004');
    terminal.press('Tab');
    terminal.type('END');
    await terminal.until(/^\$ vsockctl kill red3:5004 END/m);
  } finally {
    terminal.stop();
  }
});

test('the scripts name every option of every command', () => {
  for (const script of [
    zshCompletion(allCommands),
    fishCompletion(allCommands),
    bashCompletion(allCommands),
  ]) {
    for (const command of allCommands) {
      assert.ok(script.includes(command.name));
      for (const option of command.options) assert.ok(script.includes(option.long), option.long);
    }
  }
});
