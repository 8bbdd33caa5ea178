import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatBytes, formatDuration, formatRate } from '../../../src/ctl/text/units.js';
import { parseQuantity } from '../../../src/filter/quantity.js';

test('bytes in powers of 1024', () => {
  assert.equal(formatBytes(0), '0 B');
  assert.equal(formatBytes(999), '999 B');
  assert.equal(formatBytes(1536), '1.5 KiB');
  assert.equal(formatBytes(150 * 1024), '150 KiB');
  assert.equal(formatBytes(3 * 1024 ** 3), '3.0 GiB');
});

test('no size is wider than its column', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 2 ** 59, noNaN: true }),
      (bytes) => formatBytes(bytes).length <= 8 && formatRate(bytes).length <= 10,
    ),
  );
});

test('durations show two parts', () => {
  assert.equal(formatDuration(45), '45s');
  assert.equal(formatDuration(192), '3m12s');
  assert.equal(formatDuration(7200), '2h');
  assert.equal(formatDuration(6 * 86_400 + 3 * 3600 + 5), '6d3h');
});

test('quantities are read in the units that are shown', () => {
  assert.equal(parseQuantity('1.5M'), 1.5 * 1024 ** 2);
  assert.equal(parseQuantity('64KiB'), 65_536);
  assert.equal(parseQuantity('2GiB/s'), 2 * 1024 ** 3);
  assert.equal(parseQuantity('ten'), null);
});
