import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ringBytes } from '../../src/channel/region-layout.js';
import {
  creditImmediate,
  dataImmediate,
  handleOf,
  isCredit,
  tailUnitsOf,
} from '../../src/link/rdma/immediate.js';

const handle = fc.integer({ min: 0, max: 0x7fff });

test('an immediate says whom it is for, and whether it is a credit', () => {
  fc.assert(
    fc.property(handle, fc.nat({ max: Number.MAX_SAFE_INTEGER }), (to, tail) => {
      assert.deepEqual([handleOf(dataImmediate(to)), isCredit(dataImmediate(to))], [to, false]);
      assert.deepEqual(
        [handleOf(creditImmediate(to, tail)), isCredit(creditImmediate(to, tail))],
        [to, true],
      );
    }),
  );
});

test('a credit tells the tail to 16 bytes, to whoever knows an earlier one', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 50 }), fc.nat({ max: ringBytes }), (known, more) => {
      const tail = known + more;
      const base = Math.floor(known / 16);
      const told = (base + ((tailUnitsOf(creditImmediate(1, tail)) - base) & 0xffff)) * 16;
      assert.equal(told, Math.floor(tail / 16) * 16);
    }),
  );
});
