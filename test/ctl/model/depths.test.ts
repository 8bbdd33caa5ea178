import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Depths, type Given } from '../../../src/ctl/model/depths.js';

const descending = (a: number, b: number): number => b - a;

/** Asks all hosts until none is asked for more. @returns what they gave, and how many rows that was in the last round */
function ask(hosts: number[][], limit: number): { shown: number[]; rows: number } {
  const depths = new Depths<number>(hosts.length);
  for (let round = 0; round < 20; round += 1) {
    const given = new Map<string, Given<number>>();
    for (const [index, values] of hosts.entries()) {
      const depth = depths.of(String(index), limit);
      const rows = values.toSorted(descending).slice(0, depth);
      given.set(String(index), { rows, isCut: rows.length >= depth });
    }
    if (depths.deepen(given, limit, descending).length > 0) continue;
    const all = [...given.values()].flatMap(({ rows }) => rows);
    return { shown: all.toSorted(descending).slice(0, limit), rows: all.length };
  }
  throw new Error('hosts are asked for more and more');
}

test('what is shown is what all rows of all hosts would show, however they are spread', () => {
  const host = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 });
  fc.assert(
    fc.property(
      fc.array(host, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 120 }),
      (hosts, limit) => {
        const right = hosts.flat().toSorted(descending).slice(0, limit);
        assert.deepEqual(ask(hosts, limit).shown, right);
      },
    ),
  );
});

test('500 hosts that are alike are asked for few rows each', () => {
  const alike = Array.from({ length: 500 }, () => Array.from({ length: 500 }, (_, value) => value));
  assert.ok(ask(alike, 80).rows <= 500 * 8);
});
