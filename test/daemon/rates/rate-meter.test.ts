import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { RateMeter } from '../../../src/daemon/rates/rate-meter.js';

it('finds a steady rate whatever the moments of the samples', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10_000_000 }),
      fc.array(fc.integer({ min: 1, max: 3000 })),
      (rate, steps) => {
        const meter = new RateMeter(0, [0, 0]);
        let at = 0;
        for (const step of steps) {
          at += step;
          meter.sample(at, [(rate * at) / 1000, 0]);
          const [first, second] = meter.perSecond!;
          assert.ok(Math.abs(first! - rate) < 0.06);
          assert.equal(second, 0);
        }
      },
    ),
  );
});

it('falls to zero within two seconds after the traffic stops', () => {
  const meter = new RateMeter(0, [0, 0]);
  for (let at = 100; at <= 5000; at += 100) meter.sample(at, [at, at]);
  for (let at = 5100; at <= 7000; at += 100) meter.sample(at, [5000, 5000]);
  assert.deepEqual(meter.perSecond, [0, 0]);
});

it('tells no more digits than mean something', () => {
  const meter = new RateMeter(0, [0]);
  meter.sample(997, [12_345_678]);
  assert.deepEqual(meter.perSecond, [12_382_826.5]);
});

it('knows no rate from one sample', () => {
  assert.equal(new RateMeter(0, [7]).perSecond, null);
});
