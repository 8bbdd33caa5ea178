import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { withNeighbours } from '../../src/bench/busy/neighbours.js';
import { ProcessorShare } from '../../src/bench/busy/processor-share.js';
import type { VsocketError } from '../../src/errors/vsocket-error.js';
import { compilePrograms, pathOf } from '../../src/bench/compile-programs.js';

function neighbourPids(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/exe`) === pathOf('neighbour');
    } catch {
      return false; // it is none, or gone
    }
  });
}

const spinning = { count: 2, niceness: 10, spinMicroseconds: 10_000, periodMicroseconds: 10_000 };

describe('a busy machine for the benchmark', () => {
  before(compilePrograms);

  test('has neighbours for as long as they are wanted, whatever happens', async () => {
    const others = neighbourPids().length;
    await assert.rejects(
      withNeighbours(spinning, async () => {
        assert.equal(neighbourPids().length, others + 2);
        throw new Error('it failed');
      }),
      /it failed/,
    );
    assert.equal(neighbourPids().length, others);
  });

  test('gives a group of programs a share of a core, and takes the group away', async (t) => {
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    const groups = (): string => readFileSync(`/proc/${child.pid}/cgroup`, 'utf8');
    const before = groups();
    const opened = ProcessorShare.open(0.5, async (share) => {
      await share.take(child.pid!);
      assert.notEqual(groups(), before);
      const ended = once(child, 'close');
      child.stdin.end();
      await ended;
    });
    try {
      await opened;
    } catch (error) {
      child.kill();
      if ((error as VsocketError).code !== 'no-cgroup') throw error;
      return t.skip((error as VsocketError).line);
    }
    for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/cpu'])
      assert.equal(existsSync(`${root}/vsocket-bench-${process.pid}`), false);
  });
});
