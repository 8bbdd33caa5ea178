import assert from 'node:assert/strict';
import { test } from 'node:test';
import { region } from '../../src/channel/region-layout.js';
import { Busy } from '../../src/dataplane/busy.js';
import type { GuestVm } from '../../src/dataplane/guest-vm.js';
import { Poller } from '../../src/dataplane/poller.js';
import { Scarcity } from '../../src/dataplane/scarcity.js';
import { NoQueuePairs } from '../../src/link/rdma/no-queue-pairs.js';
import { Bells } from '../../src/native/bells.js';
import { BareHost } from '../support/bare-host.js';

const spinMilliseconds = 10;
/** By each look at the clock, so that no time of this machine’s matters. Within a turn it is looked at 256 times. */
const tickMilliseconds = 0.001;
/** In this many turns more than ten times the spin has passed. */
const manyTurns = 1000;

interface Watched {
  vm: GuestVm;
  poller: Poller;
  /** The time by the test’s clock. */
  now: () => number;
  /** Whether it fell asleep within some turns. */
  fellAsleep: (turns: number) => Promise<boolean>;
}

async function withPoller(use: (watched: Watched) => Promise<void>): Promise<void> {
  const host = new BareHost(['10.0.0.1']);
  try {
    const vm = host.vms[0]!;
    let clock = 0;
    const tick = (): number => (clock += tickMilliseconds);
    const scarcity = new Scarcity();
    const poller = new Poller(host.vms, () => 1, {
      queuePairs: new NoQueuePairs('none'),
      spinMilliseconds,
      scarcity,
      busy: new Busy(
        scarcity,
        () => 0,
        () => assert.fail('nobody spins in vain'),
      ),
      bells: new Bells(),
      now: tick,
    });
    const isAsleep = (): boolean => vm.words[region.hostSleeping >> 2] === 1;
    const fellAsleep = async (turns: number): Promise<boolean> => {
      for (let turn = 0; turn < turns && !isAsleep(); turn++) await new Promise(setImmediate);
      return isAsleep();
    };
    await use({ vm, poller, now: () => clock, fellAsleep });
    assert.ok(await fellAsleep(manyTurns), 'it spins for ever');
  } finally {
    host.close();
  }
}

function assertSpun(milliseconds: number): void {
  assert.ok(milliseconds > spinMilliseconds, `it slept after ${milliseconds} ms`);
  assert.ok(milliseconds < spinMilliseconds + 0.1, `it slept only after ${milliseconds} ms`);
}

test('the data plane sleeps after as long a spin as it was told, over as many turns as that takes', () =>
  withPoller(async ({ poller, now, fellAsleep }) => {
    poller.wake();
    assert.ok(await fellAsleep(manyTurns), 'it spins for ever');
    assertSpun(now());
    const again = now();
    poller.wake();
    assert.ok(await fellAsleep(manyTurns), 'it spins for ever');
    assertSpun(now() - again);
  }));

test('what comes while the data plane spins begins its spin anew, and a word that it is awake does not', () =>
  withPoller(async ({ vm, poller, now, fellAsleep }) => {
    poller.wake();
    assert.ok(!(await fellAsleep(20)));
    vm.doorbells.ring(3);
    const rung = now();
    assert.ok(!(await fellAsleep(20)));
    poller.wake();
    assert.ok(await fellAsleep(manyTurns), 'it spins for ever');
    assertSpun(now() - rung);
  }));
