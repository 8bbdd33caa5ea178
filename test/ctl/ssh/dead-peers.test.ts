import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../../src/api/host.js';
import type { Seen } from '../../../src/api/seen.js';
import { Fleet, type HostOutcome } from '../../../src/ctl/fleet/fleet.js';
import { FixtureApi } from '../support/fixture-api.js';
import { fixtureData } from '../support/fixture-data.js';
import { SshServer } from '../support/ssh-server.js';

/** Each question’s limit. A test’s own limit is many times that: it catches what never ends. */
const limitMilliseconds = 4000;
const options = { timeout: 60_000 };

/** Where nothing is to be ended by its limit. */
const longLimitMilliseconds = 40_000;

/** Keepalive must not do what the limit is there for. */
const noKeepalive = 'ServerAliveInterval 3600';

let directory: string;
let namespace: string;
/** sshd of the far host, in a namespace behind a cable that can be cut, and of a jump host on the near side. */
let far: SshServer;
let jump: SshServer;
let api: FixtureApi;
let fleet: Fleet;
let stopped: number[] = [];

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: 'pipe' });
}

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vsockctl-test-'));
  namespace = `vctl${String(process.pid)}`;
  ip('netns', 'add', namespace);
  ip('link', 'add', namespace, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  ip('addr', 'add', '169.254.77.1/30', 'dev', namespace);
  ip('link', 'set', namespace, 'up');
  ip('-n', namespace, 'addr', 'add', '169.254.77.2/30', 'dev', 'eth0');
  ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  far = await SshServer.start(join(directory, 'far'), [], '169.254.77.2', namespace);
  jump = await SshServer.start(join(directory, 'jump'));
  api = await FixtureApi.start(join(directory, 'alpha'), fixtureData('alpha', 4));
});

after(async () => {
  await api.stop();
  for (const server of [far, jump]) await server.stop();
  ip('netns', 'del', namespace);
  rmSync(directory, { recursive: true, force: true });
});

afterEach(() => {
  fleet.close();
  for (const pid of stopped) tryKill(pid, 'SIGCONT');
  stopped = [];
  ip('link', 'set', namespace, 'up');
});

function open(extra: string[], timeoutMilliseconds = limitMilliseconds): void {
  const config = join(directory, 'config');
  const stanzas = [
    jump.clientConfig('jump', { extra: [noKeepalive] }),
    far.clientConfig('alpha', { extra: [...extra, noKeepalive] }),
  ];
  writeFileSync(config, stanzas.join(''));
  fleet = new Fleet(['alpha'], {
    environment: { ...process.env, VSOCKCTL_SSH_CONFIG: config },
    signal: new AbortController().signal,
    timeoutMilliseconds,
    socketDirectory: `${directory}/%h`,
  });
}

const ask = (): Promise<HostOutcome<Seen<Host>>> =>
  fleet.askOne('alpha', (host, signal) => host.host(signal));

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

function stop(pids: readonly number[]): void {
  for (const pid of pids) tryKill(pid, 'SIGSTOP');
  stopped.push(...pids);
}

/** Asks until the host answers again. */
async function untilWell(): Promise<void> {
  while (!(await ask()).ok) await sleep(50);
}

const relay = (): string => {
  const file = join(directory, 'relay.mjs');
  writeFileSync(
    file,
    "import { connect } from 'node:net';\nconst s = connect(+process.argv[3], process.argv[2]);\ns.on('error', () => process.exit(1));\nprocess.stdin.pipe(s).pipe(process.stdout);\n",
  );
  return `${process.execPath} ${file} %h %p`;
};

const ways: [string, () => string[]][] = [
  ['direct', () => []],
  ['ProxyJump', () => ['ProxyJump jump']],
  ['ProxyCommand', () => [`ProxyCommand ${relay()}`]],
];

for (const [way, extra] of ways)
  describe(`${way}: every question ends by its limit, and the next connection is a new one`, () => {
    it('the far session is killed', options, async () => {
      open(extra(), longLimitMilliseconds);
      assert.ok((await ask()).ok);
      for (const pid of far.sessions()) process.kill(pid, 'SIGKILL');
      // That the far end is gone is heard: nothing waits for its limit.
      for (let outcome = await ask(); !outcome.ok; outcome = await ask())
        assert.notEqual(outcome.error.code, 'timed-out');
    });

    it('the far session is stopped', options, async () => {
      open(extra());
      assert.ok((await ask()).ok);
      stop(far.sessions());
      const outcome = await ask();
      assert.equal(outcome.ok ? null : outcome.error.code, 'timed-out');
      await untilWell();
    });

    it('the far sshd is stopped', options, async () => {
      open(extra());
      stop([far.pid]);
      const outcome = await ask();
      assert.equal(outcome.ok ? null : outcome.error.code, 'timed-out');
      for (const pid of stopped) process.kill(pid, 'SIGCONT');
      await untilWell();
    });

    it('the cable is cut', options, async () => {
      open(extra());
      assert.ok((await ask()).ok);
      ip('link', 'set', namespace, 'down');
      assert.equal((await ask()).ok, false);
      assert.equal((await ask()).ok, false);
      ip('link', 'set', namespace, 'up');
      await untilWell();
    });

    it('vsockd hangs, and wakes up again', options, async () => {
      open(extra());
      api.misbehave = () => true;
      const outcome = await ask();
      api.misbehave = () => false;
      assert.equal(outcome.ok ? null : outcome.error.code, 'timed-out');
      await untilWell();
    });
  });

describe('ProxyJump', () => {
  it('the jump host’s session is stopped', options, async () => {
    open(['ProxyJump jump']);
    assert.ok((await ask()).ok);
    stop(jump.sessions());
    const outcome = await ask();
    assert.equal(outcome.ok ? null : outcome.error.code, 'timed-out');
    await untilWell();
  });
});

describe('idle channels', () => {
  it('that vsockd has closed are not used again', options, async () => {
    open([]);
    // A client that keeps channels would keep one for so long.
    api.keepAliveMilliseconds = 2500;
    for (let round = 0; round < 4; round += 1) {
      const outcome = await ask();
      assert.equal(outcome.ok ? null : outcome.error.line, null);
      while (api.connections > 0) await sleep(20);
    }
  });
});

describe('many questions at once', () => {
  it('are all answered, round after round', { timeout: 120_000 }, async () => {
    open([]);
    for (let round = 0; round < 20; round += 1) {
      const outcomes = await Promise.all(Array.from({ length: 12 }, ask));
      assert.deepEqual(
        outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error.line])),
        [],
      );
    }
  });
});
