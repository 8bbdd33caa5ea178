import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Flow } from '../../../src/api/flow.js';
import { lists } from '../../../src/api/lists.js';
import { listJson, listLines } from '../../../src/daemon/server/list-text.js';
import { selectRows } from '../../../src/daemon/server/select-rows.js';
import { fixtureData } from '../../ctl/support/fixture-data.js';

const [sample] = fixtureData('alpha', 1).flows;

function flowsOf(rates: readonly number[]): Flow[] {
  return rates.map((rate, index) => ({
    ...sample!,
    id: `red1:${index}`,
    txBytes: rate,
    pid: rate % 3 ? rate : null,
  }));
}

async function join(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

test('the rows are those that sorting all of them and cutting gives, in both forms', async () => {
  const query = fc.record({
    sort: fc.constantFrom('txBytes', '-txBytes', 'pid', '-pid', 'id', '-id'),
    limit: fc.option(fc.nat(12), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(9), { maxLength: 40 }), query, async (rates, { sort, limit }) => {
      const key = sort.replace('-', '') as 'txBytes' | 'pid' | 'id';
      const sign = sort.startsWith('-') ? -1 : 1;
      const known = (flow: Flow): boolean => flow[key] !== null;
      const expected = flowsOf(rates)
        .filter(({ txBytes }) => txBytes !== null && txBytes > 2)
        .toSorted((a, b) => {
          if (!known(a) || !known(b)) return Number(known(b)) - Number(known(a)) || (a.id < b.id ? -1 : 1);
          return a[key]! < b[key]! ? -sign : a[key]! > b[key]! ? sign : a.id < b.id ? -1 : 1;
        });
      const select = (): ReturnType<typeof selectRows<Flow>> =>
        selectRows(lists.flows, flowsOf(rates), { sort, limit, filter: 'txBytes>2' });
      const items = expected.slice(0, limit);
      assert.deepEqual(JSON.parse(await join(listJson(await select()))), { items, total: expected.length });
      const lines = await join(listLines(await select()));
      assert.equal(lines, items.map((flow) => `${JSON.stringify(flow)}\n`).join(''));
    }),
  );
});

test('while 100,000 rows are picked and written, others get their turn', async () => {
  const rows = flowsOf(Array.from({ length: 100_000 }, (_, index) => index));
  let turns = 0;
  const count = (): void => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  const selection = await selectRows(lists.flows, rows, { sort: '-txBytes' });
  assert.ok(turns > 3, `${turns} turns in picking`);
  turns = 0;
  let pieces = 0;
  let longest = 0;
  for await (const piece of listLines(selection)) {
    pieces += 1;
    longest = Math.max(longest, piece.length);
  }
  clearImmediate(next);
  assert.ok(turns > 10, `${turns} turns in writing`);
  assert.ok(pieces > 100 && longest < 128 * 1024, `${pieces} pieces, the longest of ${longest} characters`);
});
