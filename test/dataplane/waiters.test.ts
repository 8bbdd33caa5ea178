import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { processBlock, processCount, processOffset } from '../../src/channel/region-layout.js';
import { Waiters } from '../../src/dataplane/waiters.js';
import { descriptorOf } from '../../src/native/channel-socket.js';

/** The memory of processes, and their threads’ sleep: a socket each that a wake comes over. */
/** As a guest does it that has one waiter. */
function arm(words: Int32Array, process: number): void {
  words[(processOffset(process) + processBlock.armed) >> 2] = 1;
  words[(processOffset(process) + processBlock.armedSummary) >> 2] = 1;
}

async function withSleepers(
  processes: number[],
  use: (
    waiters: Waiters,
    /** How many came since the last look. */
    wakes: (process: number, sleepsAgain?: boolean) => Promise<number>,
    words: Int32Array,
    descriptorOfProcess: (process: number) => number,
  ) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'vsocket-waiters-'));
  const path = join(directory, 'channel');
  const server = createServer().listen(path);
  const sockets: Socket[] = [];
  const words = new Int32Array(new SharedArrayBuffer(processOffset(processCount)));
  const waiters = new Waiters(words);
  const sleepers = new Map<number, Socket>();
  const descriptors = new Map<number, number>();
  try {
    await once(server, 'listening');
    for (const process of processes) {
      const sleeper = connect(path);
      const [channel] = (await once(server, 'connection')) as [Socket];
      sockets.push(sleeper, channel);
      waiters.set(process, 0, descriptorOf(channel));
      sleepers.set(process, sleeper);
      descriptors.set(process, descriptorOf(channel));
      arm(words, process);
    }
    const wakes = async (process: number, sleepsAgain = true): Promise<number> => {
      // What was sent is there at once, and is read within a turn of the loop.
      for (let turn = 0; turn < 2; turn++) await new Promise(setImmediate);
      const bytes = (sleepers.get(process)!.read() as Buffer | null)?.length ?? 0;
      if (sleepsAgain) arm(words, process);
      return bytes;
    };
    await use(waiters, wakes, words, (process) => descriptors.get(process)!);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  }
}

test('a sleeper is woken at once, unless wakes are held', () =>
  withSleepers([3], async (waiters, wakes) => {
    waiters.wake(3);
    assert.equal(await wakes(3), 1);
    waiters.hold();
    waiters.wake(3);
    assert.equal(await wakes(3), 0);
    waiters.release();
    assert.equal(await wakes(3), 1);
    waiters.release();
    assert.equal(await wakes(3), 0);
  }));

/** A thread that is back in its sleep at once: it arms again and again. */
async function armAgainAndAgain(words: Int32Array, process: number): Promise<() => Promise<unknown>> {
  const at = (processOffset(process) + processBlock.armed) >> 2;
  const summary = (processOffset(process) + processBlock.armedSummary) >> 2;
  const thread = new Worker(
    `const { words, at, summary } = require('node:worker_threads').workerData;
    for (;;) { Atomics.store(words, at, 1); Atomics.store(words, summary, 1); }`,
    { eval: true, workerData: { words, at, summary } },
  );
  await once(thread, 'online');
  Atomics.store(words, at, 0);
  while (Atomics.load(words, at) === 0) await new Promise(setImmediate);
  return () => thread.terminate();
}

test('many news wake a process once, though it sleeps again before all of them were told', () =>
  withSleepers([3, 7], async (waiters, wakes, words) => {
    const stop = await armAgainAndAgain(words, 3);
    try {
      waiters.hold();
      for (let news = 0; news < 20; news++) waiters.wake(news % 2 === 0 ? 3 : 7);
      waiters.release();
      assert.equal(await wakes(3), 1);
      assert.equal(await wakes(7), 1);
    } finally {
      await stop();
    }
  }));

test('hundreds of news do not hold the first back', () =>
  withSleepers([3, 7], async (waiters, wakes) => {
    waiters.hold();
    waiters.wake(3);
    for (let news = 0; news < 100; news++) waiters.wake(7);
    assert.equal(await wakes(3), 1);
    waiters.release();
    assert.equal(await wakes(3), 0);
    assert.ok((await wakes(7)) >= 1);
  }));

test('of hundreds of sleepers some are woken at a time, and none is forgotten', () =>
  withSleepers([3, 7], async (waiters, wakes, words, descriptorOfProcess) => {
    const sleepers = 200;
    for (let waiter = 0; waiter < sleepers; waiter++) waiters.set(3, waiter, descriptorOfProcess(3));
    const armed = (processOffset(3) + processBlock.armed) >> 2;
    for (let waiter = 0; waiter < sleepers; waiter++) words[armed + (waiter >> 5)]! |= 1 << (waiter & 31);
    words[(processOffset(3) + processBlock.armedSummary) >> 2] = 0x7f;
    waiters.hold();
    waiters.wake(3);
    waiters.wake(7);
    let woken = 0;
    let releases = 0;
    for (let left = 1; left > 0; releases++) {
      left = waiters.release();
      const now = await wakes(3, false);
      assert.ok(now < sleepers / 2, `${now} at a time`);
      woken += now;
      waiters.hold();
    }
    assert.equal(woken, sleepers);
    assert.ok(releases > 2);
    assert.equal(await wakes(7), 1);
  }));
