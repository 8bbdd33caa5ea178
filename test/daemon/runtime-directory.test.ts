import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lists } from '../../src/api/lists.js';
import { accepts } from '../../src/lab/unix-socket.js';
import { TestNetwork } from './support/test-network.js';
import { TestVsockd } from './support/test-vsockd.js';

const limitMilliseconds = 30_000;

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + limitMilliseconds;
  while (!(await condition())) {
    assert.ok(Date.now() < end, what);
    await sleep(50);
  }
}

async function onTmpfs(directory: string, size: string, use: () => Promise<void>): Promise<void> {
  mkdirSync(directory);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]);
  try {
    await use();
  } finally {
    // Lazily: vsockd has its files open still.
    execFileSync('umount', ['--lazy', directory]);
  }
}

/** A vsockd whose runtime directory a test does something to. */
class Host {
  readonly network = new TestNetwork();
  readonly vsockd = new TestVsockd(this.network);
  readonly directory = this.vsockd.config.runtimeDirectory;

  async problems(): Promise<(string | null)[]> {
    const { body } = await this.vsockd.get('/v1/vms');
    return lists.vms.answer.parse(body).items.map(({ problem }) => problem);
  }
}

async function onHost(use: (host: Host) => Promise<void>): Promise<void> {
  const host = new Host();
  try {
    await use(host);
  } finally {
    await host.vsockd.stop();
    host.network.remove();
  }
}

/** Each on a host of its own, and all at once: most of their time is vsockd’s pauses between looks. */
describe('the runtime directory', { concurrency: true }, () => {
  it('that is removed is made again, with all that is in it', () =>
    onHost(async (host) => {
      const { vsockd, directory } = host;
      await vsockd.start();
      const files = ['ledger', 'tcp-totals.json'].map((name) => join(directory, name));
      await until('totals are saved', () => existsSync(files[1]!));
      rmSync(directory, { recursive: true });
      for (const name of ['read', 'admin'] as const)
        await until(`${name}.sock is there again`, () => accepts(vsockd.socket(name)));
      for (const file of files) await until(`${file} is there again`, () => existsSync(file));
      assert.equal(statSync(vsockd.socket('read')).mode & 0o777, 0o660);
      assert.equal(statSync(vsockd.socket('admin')).mode & 0o777, 0o600);
      assert.deepEqual(await host.problems(), [null, null]);
      assert.equal(vsockd.log.match(/the socket was removed; it is there again/g)?.length, 2);
      assert.equal(await vsockd.stop(), 0);
      assert.ok(!vsockd.hasSockets);
    }));

  it('that is full is told of in one line, and as each VM’s problem; with room all is well', () =>
    onHost(async (host) => {
      const { vsockd, directory } = host;
      await onTmpfs(directory, '64k', async () => {
        const started = vsockd.start();
        started.catch(() => undefined);
        const line = /"the ledger [^ ]+\/ledger cannot be made: no space left on device; [^"\n]+"/;
        await until('vsockd says it', () => line.test(vsockd.log));
        const isShown = (problem: string | null): boolean =>
          problem?.startsWith('the data plane cannot be started') === true;
        await until('the VMs have a problem', async () => (await host.problems()).every(isShown));
        execFileSync('mount', ['-o', 'remount,size=64m', directory]);
        await started;
        await until('the VMs have none', async () =>
          (await host.problems()).every((problem) => problem === null),
        );
        assert.doesNotMatch(vsockd.log, /SIGBUS/);
      });
    }));

  it('that gets full later keeps no answer back; that totals are not saved is said once', () =>
    onHost(async (host) => {
      const { vsockd, directory } = host;
      await onTmpfs(directory, '64m', async () => {
        await vsockd.start();
        const totals = join(directory, 'tcp-totals.json');
        await until('totals are saved', () => existsSync(totals));
        rmSync(totals);
        const filler = join(directory, 'filler');
        // Until nothing fits in: vsockd may have been quicker with its totals.
        await until('it is full', () => {
          rmSync(totals, { force: true });
          spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k', 'oflag=append', 'conv=notrunc']);
          return /the totals of closed connections cannot be saved/.test(vsockd.log);
        });
        assert.deepEqual(await host.problems(), [null, null]);
        rmSync(filler);
        await until('totals are saved again', () => existsSync(totals));
        assert.equal(vsockd.log.match(/cannot be saved/g)?.length, 1);
        assert.match(vsockd.log, /"error":"no space left on device"/);
        assert.doesNotMatch(vsockd.log, /connections could not be read/);
      });
    }));

  it('that cannot be made is told of in one line', () =>
    onHost(async (host) => {
      const { vsockd, directory } = host;
      writeFileSync(directory, '');
      await assert.rejects(
        vsockd.start(),
        /vsockd ended: the runtime directory .*\/run cannot be made: file already exists; [^\n]+\n$/,
      );
    }));
});
