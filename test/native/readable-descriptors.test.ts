import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { watchReadable } from '../../src/native/readable-descriptors.js';

let folder: string;
let fd: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vsocket-readable-'));
  spawnSync('mkfifo', [join(folder, 'fifo')]);
  fd = openSync(join(folder, 'fifo'), constants.O_RDWR);
});

afterEach(() => {
  closeSync(fd);
  rmSync(folder, { recursive: true });
});

test('a descriptor wakes when it is readable, until the watch ends', async () => {
  const seen: string[] = [];
  const bytes = Buffer.alloc(64);
  const stop = watchReadable(fd, () => {
    seen.push(bytes.toString('latin1', 0, readSync(fd, bytes)));
    assert.throws(() => readSync(fd, bytes), { code: 'EAGAIN' });
  });
  for (const text of ['one', 'two']) {
    writeSync(fd, text);
    await delay(20);
  }
  assert.deepEqual(seen, ['one', 'two']);
  stop();
  stop();
  writeSync(fd, 'three');
  await delay(20);
  assert.deepEqual(seen, ['one', 'two']);
});

test('a watched descriptor keeps no process alive, and an error in its wake is uncaught', async () => {
  const module = new URL('../../src/native/readable-descriptors.js', import.meta.url).href;
  const run = async (source: string): Promise<number | null> => {
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', `import { watchReadable } from '${module}'; ${source}`],
      { stdio: ['ignore', 'ignore', 'ignore', fd], timeout: 10_000 },
    );
    return new Promise((resolve) => child.on('exit', (code) => resolve(code)));
  };
  assert.equal(await run('watchReadable(3, () => {});'), 0);
  assert.equal(await run('watchReadable(3, () => {}); setTimeout(() => process.exit(5), 10);'), 5);
  writeSync(fd, 'x');
  const failing =
    "process.on('uncaughtException', () => process.exit(9)); setTimeout(() => {}, 5000);" +
    'const stop = watchReadable(3, () => { stop(); throw new Error(); });';
  assert.equal(await run(failing), 9);
});
