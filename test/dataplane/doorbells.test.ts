import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { region, slotCount } from '../../src/channel/region-layout.js';
import { Doorbells } from '../../src/dataplane/doorbells.js';

function doorbells(): { bells: Doorbells<string>; words: Int32Array } {
  const words = new Int32Array(region.frontBytes >> 2);
  return { bells: new Doorbells('vm', words), words };
}

const slots = fc.uniqueArray(fc.integer({ min: 0, max: slotCount - 1 }), { maxLength: 100 });

test('every slot that rang is visited once, however long a turn is', () => {
  fc.assert(
    fc.property(slots, fc.integer({ min: 1, max: 10 }), (rung, turn) => {
      const { bells } = doorbells();
      for (const slot of rung) bells.ring(slot);
      const seen: number[] = [];
      for (let most = turn; bells.isRung; most = turn) {
        const count = bells.take((owner, slot) => {
          assert.equal(owner, 'vm');
          seen.push(slot);
          return 1;
        }, most);
        assert.ok(count > 0 && count <= turn);
      }
      assert.deepEqual(
        seen,
        [...rung].sort((a, b) => a - b),
      );
    }),
  );
});

test('slots that ring all the time are not in the way of those behind them', () => {
  const { bells } = doorbells();
  const noisy = [0, 1, 2, 33];
  for (const slot of noisy) bells.ring(slot);
  bells.ring(2000);
  const seen: number[] = [];
  for (let turn = 0; turn < 5; turn++)
    bells.take((_, slot) => {
      seen.push(slot);
      if (noisy.includes(slot)) bells.ring(slot);
      return 1;
    }, 1);
  assert.deepEqual(seen, [0, 1, 2, 33, 2000]);
});

test('a visit that took a whole turn ends it', () => {
  const { bells } = doorbells();
  for (const slot of [5, 6, 7]) bells.ring(slot);
  assert.equal(
    bells.take(() => 64, 64),
    1,
  );
  assert.equal(
    bells.take(() => 1, 64),
    2,
  );
  assert.equal(bells.isRung, false);
});

test('bits beyond the last slot are visits to nobody', () => {
  const { bells, words } = doorbells();
  words.fill(-1, region.doorbellBits >> 2, (region.doorbellBits >> 2) + 64);
  words.fill(-1, region.doorbellSummary >> 2, (region.doorbellSummary >> 2) + 2);
  let visits = 0;
  const taken = bells.take((_, slot) => {
    assert.ok(slot < slotCount);
    visits++;
    return 0;
  }, 1000);
  assert.equal(visits, slotCount);
  assert.equal(taken, 2048);
});
