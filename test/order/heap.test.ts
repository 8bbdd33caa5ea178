import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Heap } from '../../src/order/heap.js';

const ascending = (a: number, b: number): number => a - b;

test('a heap gives its items in order, however they came in', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.array(fc.integer()), (first, later) => {
      const heap = new Heap(ascending, [...first]);
      for (const item of later) heap.push(item);
      const given = Array.from({ length: heap.size }, () => heap.pop());
      assert.deepEqual(given, [...first, ...later].toSorted(ascending));
      assert.equal(heap.pop(), undefined);
    }),
  );
});

test('an item in the place of the top one finds its own', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.array(fc.integer()), (items, replacements) => {
      const heap = new Heap(ascending, [...items]);
      const model = items.toSorted(ascending);
      for (const item of replacements) {
        assert.equal(heap.replaceTop(item), model.shift());
        model.push(item);
        model.sort(ascending);
        assert.equal(heap.top, model[0]);
      }
      assert.deepEqual(heap.release().toSorted(ascending), model);
    }),
  );
});
