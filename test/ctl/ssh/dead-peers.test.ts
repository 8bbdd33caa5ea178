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

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: 'pipe' });
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/** One way to a host, with all that is on it: ways are tried at once, for most of their time is a wait. */
class Scene {
  readonly directory = mkdtempSync(join(tmpdir(), 'vsockctl-test-'));
  /** Where the far host is, behind a cable that can be cut. The near end of the cable has its name, too. */
  readonly namespace: string;
  readonly #address: string;
  far!: SshServer;
  jump!: SshServer;
  api!: FixtureApi;
  #fleet: Fleet | null = null;
  #stopped: number[] = [];

  /** @param number of its own among those of this file */
  constructor(number: number) {
    this.namespace = `vctl${String(process.pid)}-${String(number)}`;
    const network = 4 * number;
    const near = `169.254.77.${String(network + 1)}`;
    this.#address = `169.254.77.${String(network + 2)}`;
    const { namespace } = this;
    ip('netns', 'add', namespace);
    ip('link', 'add', namespace, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    ip('addr', 'add', `${near}/30`, 'dev', namespace);
    ip('link', 'set', namespace, 'up');
    ip('-n', namespace, 'addr', 'add', `${this.#address}/30`, 'dev', 'eth0');
    ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  }

  /** Servers of the far host, and of a jump host on the near side. */
  async start(): Promise<void> {
    this.far = await SshServer.start(join(this.directory, 'far'), [], this.#address, this.namespace);
    this.jump = await SshServer.start(join(this.directory, 'jump'));
    this.api = await FixtureApi.start(join(this.directory, 'alpha'), fixtureData('alpha', 4));
  }

  async end(): Promise<void> {
    await this.api.stop();
    for (const server of [this.far, this.jump]) await server.stop();
    ip('netns', 'del', this.namespace);
    rmSync(this.directory, { recursive: true, force: true });
  }

  open(extra: string[], timeoutMilliseconds = limitMilliseconds): void {
    const config = join(this.directory, 'config');
    const stanzas = [
      this.jump.clientConfig('jump', { extra: [noKeepalive] }),
      this.far.clientConfig('alpha', { extra: [...extra, noKeepalive] }),
    ];
    writeFileSync(config, stanzas.join(''));
    this.#fleet = new Fleet(['alpha'], {
      environment: { ...process.env, VSOCKCTL_SSH_CONFIG: config },
      signal: new AbortController().signal,
      timeoutMilliseconds,
      socketDirectory: `${this.directory}/%h`,
    });
  }

  /** After each test. */
  mend(): void {
    this.#fleet?.close();
    this.goOn();
    ip('link', 'set', this.namespace, 'up');
  }

  ask(): Promise<HostOutcome<Seen<Host>>> {
    return this.#fleet!.askOne('alpha', (host, signal) => host.host(signal));
  }

  /** Asks until the host answers. */
  async untilWell(): Promise<void> {
    while (!(await this.ask()).ok) await sleep(50);
  }

  stop(pids: readonly number[]): void {
    for (const pid of pids) tryKill(pid, 'SIGSTOP');
    this.#stopped.push(...pids);
  }

  /** What was stopped. */
  goOn(): void {
    for (const pid of this.#stopped) tryKill(pid, 'SIGCONT');
    this.#stopped = [];
  }
}

let scenes = 0;

/** Tests of a way of their own, one after the other. */
function onStage(name: string, tests: (scene: () => Scene) => void): void {
  describe(name, { concurrency: false }, () => {
    const number = scenes++;
    let scene: Scene;
    before(async () => {
      scene = new Scene(number);
      await scene.start();
    });
    afterEach(() => scene.mend());
    after(() => scene.end());
    tests(() => scene);
  });
}

/** A ProxyCommand. */
function relay(directory: string): string {
  const file = join(directory, 'relay.mjs');
  writeFileSync(
    file,
    "import { connect } from 'node:net';\nconst s = connect(+process.argv[3], process.argv[2]);\ns.on('error', () => process.exit(1));\nprocess.stdin.pipe(s).pipe(process.stdout);\n",
  );
  return `${process.execPath} ${file} %h %p`;
}

const ways: [string, (directory: string) => string[]][] = [
  ['direct', () => []],
  ['ProxyJump', () => ['ProxyJump jump']],
  ['ProxyCommand', (directory) => [`ProxyCommand ${relay(directory)}`]],
];

function assertTimedOut(outcome: HostOutcome<Seen<Host>>): void {
  assert.equal(outcome.ok ? null : outcome.error.code, 'timed-out');
}

describe(
  'every question ends by its limit, and the next connection is a new one',
  { concurrency: true },
  () => {
    for (const [way, extraIn] of ways)
      onStage(way, (scene) => {
        const extra = (): string[] => extraIn(scene().directory);

        it('the far session is killed', options, async () => {
          const { far } = scene();
          scene().open(extra(), longLimitMilliseconds);
          assert.ok((await scene().ask()).ok);
          for (const pid of far.sessions()) process.kill(pid, 'SIGKILL');
          // That the far end is gone is heard: nothing waits for its limit.
          for (let outcome = await scene().ask(); !outcome.ok; outcome = await scene().ask())
            assert.notEqual(outcome.error.code, 'timed-out');
        });

        it('the far session is stopped', options, async () => {
          scene().open(extra());
          await scene().untilWell();
          scene().stop(scene().far.sessions());
          assertTimedOut(await scene().ask());
          await scene().untilWell();
        });

        it('the far sshd is stopped', options, async () => {
          scene().open(extra());
          scene().stop([scene().far.pid]);
          assertTimedOut(await scene().ask());
          scene().goOn();
          await scene().untilWell();
        });

        it('the cable is cut', options, async () => {
          const { namespace } = scene();
          scene().open(extra());
          await scene().untilWell();
          ip('link', 'set', namespace, 'down');
          assert.equal((await scene().ask()).ok, false);
          assert.equal((await scene().ask()).ok, false);
          ip('link', 'set', namespace, 'up');
          await scene().untilWell();
        });

        it('vsockd hangs, and wakes up again', options, async () => {
          const { api } = scene();
          scene().open(extra());
          api.misbehave = () => true;
          const outcome = await scene().ask();
          api.misbehave = () => false;
          assertTimedOut(outcome);
          await scene().untilWell();
        });

        if (way === 'ProxyJump')
          it('the jump host’s session is stopped', options, async () => {
            scene().open(extra());
            await scene().untilWell();
            scene().stop(scene().jump.sessions());
            assertTimedOut(await scene().ask());
            await scene().untilWell();
          });
      });
  },
);

onStage('with a host that is well', (scene) => {
  it('idle channels that vsockd has closed are not used again', options, async () => {
    scene().open([]);
    // A client that keeps channels would keep one for so long.
    scene().api.keepAliveMilliseconds = 2500;
    for (let round = 0; round < 4; round += 1) {
      const outcome = await scene().ask();
      assert.equal(outcome.ok ? null : outcome.error.line, null);
      while (scene().api.connections > 0) await sleep(20);
    }
  });

  it('many questions at once are all answered, round after round', { timeout: 120_000 }, async () => {
    scene().open([]);
    for (let round = 0; round < 20; round += 1) {
      const outcomes = await Promise.all(Array.from({ length: 12 }, () => scene().ask()));
      assert.deepEqual(
        outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error.line])),
        [],
      );
    }
  });
});
