import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Busy } from '../../src/dataplane/busy.js';
import { bearable, leastPause, mostDebt, mostPause, Scarcity } from '../../src/dataplane/scarcity.js';

/** Spins until a pause begins: each turn takes one millisecond, and every so often a slice is lost. @returns how long it spun */
function spinUntilPause(scarcity: Scarcity, begin: number, every: number, slice: number): number {
  for (let now = begin, turn = 1; ; turn++) {
    now += 1;
    scarcity.spun(1);
    if (turn % every !== 0) continue;
    now += slice;
    scarcity.spun(slice);
    scarcity.lose(now, slice);
    if (scarcity.isOn(now)) return now - begin;
  }
}

const neighbour = { every: fc.integer({ min: 1, max: 4 }), slice: fc.integer({ min: 3, max: 24 }) };

describe('whether processor time is scarce', () => {
  test('is not learned from a loss that is bearable, however long it goes on', () =>
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.5, max: mostDebt / 2, noNaN: true }), { maxLength: 500 }),
        (losses) => {
          const scarcity = new Scarcity();
          let now = 1000;
          for (const lost of losses) {
            now += lost / bearable;
            scarcity.lose(now, lost);
            assert.ok(!scarcity.isOn(now));
          }
        },
      ),
    ));

  test('beside a neighbour that stays, is tried more and more seldom, each time for short', () =>
    fc.assert(
      fc.property(fc.record(neighbour), ({ every, slice }) => {
        const scarcity = new Scarcity();
        const begin = 1000;
        let now = begin;
        let spun = 0;
        const pauses: number[] = [];
        while (now < begin + 100 * mostPause) {
          const tried = spinUntilPause(scarcity, now, every, slice);
          spun += tried;
          now += tried;
          pauses.push(scarcity.endsAt - now);
          now = scarcity.endsAt;
        }
        assert.deepEqual(
          pauses,
          [...pauses].sort((a, b) => a - b),
          'a pause was shorter than the one before',
        );
        assert.equal(pauses.at(-1), mostPause);
        assert.ok(spun < (now - begin) / 50, `it spun for ${spun} of ${now - begin} ms`);
      }),
    ));

  test('is forgotten after as much spinning that lost nothing, and not after time in which nobody spun', () => {
    const scarcity = new Scarcity();
    let now = 1000;
    const pauseAfter = (idle: number): number => {
      now += idle;
      now += spinUntilPause(scarcity, now, 1, 8);
      const pause = scarcity.endsAt - now;
      now = scarcity.endsAt;
      return pause;
    };
    while (pauseAfter(0) < mostPause);
    assert.equal(pauseAfter(3_600_000), mostPause);
    for (let spun = 0; spun < 2 * mostPause; spun++) scarcity.spun(1);
    assert.equal(pauseAfter(2 * mostPause), leastPause);
  });
});

describe('whether flows belong on TCP', () => {
  const now = 1000;
  const scarce = (): Scarcity => {
    const scarcity = new Scarcity();
    scarcity.lose(now, mostDebt);
    assert.ok(scarcity.isOn(now));
    return scarcity;
  };
  const told = (
    scarcity: Scarcity,
    visits: number,
    largeEach = 0,
  ): { changes: boolean[]; pauseEnds: () => void } => {
    const changes: boolean[] = [];
    let large = 0;
    const timers: { act: () => void; milliseconds: number }[] = [];
    const busy = new Busy(
      scarcity,
      () => (large += largeEach),
      (isBusy) => changes.push(isBusy),
      (act, milliseconds) => timers.push({ act, milliseconds }),
    );
    for (let wake = 0; wake < 1000; wake++) busy.sleeps(now, visits);
    return {
      changes,
      pauseEnds() {
        assert.deepEqual(
          timers.map(({ milliseconds }) => milliseconds),
          [leastPause],
        );
        timers[0]!.act();
      },
    };
  };

  test('is so where each wake serves few of them, until the pause is over', () => {
    const { changes, pauseEnds } = told(scarce(), 1);
    assert.deepEqual(changes, [true]);
    pauseEnds();
    assert.deepEqual(changes, [true, false]);
  });

  test('is not so where a wake serves many, or where processors are free', () => {
    assert.deepEqual(told(scarce(), 10).changes, []);
    assert.deepEqual(told(new Scarcity(), 1).changes, []);
  });

  test('is so for streams that fill their rings, though each wake makes many visits', () => {
    assert.deepEqual(told(scarce(), 10, 5).changes, [true]);
  });
});
