import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { flowTable } from '../../../src/ctl/columns/flow-table.js';
import { shownColumns } from '../../../src/ctl/columns/column.js';
import { layoutColumns, layoutFrom } from '../../../src/ctl/layout/layout-columns.js';

const columns = shownColumns(flowTable, true);

function keysAt(width: number, cell: string): string[] {
  const rows = [columns.map(() => cell)];
  const placed = layoutColumns(columns, rows, { width, gap: 1, memory: new Map() });
  return placed.map(({ index }) => columns[index]!.key);
}

test('the service’s side is seen at every width, however long the names are', () => {
  for (const cell of ['x', 'a-very-long-name-of-a-virtual-machine:12345'])
    for (const width of [78, 118, 198])
      for (const key of [
        'id',
        'service',
        'tenant',
        'program',
        'path',
        'txBytesPerSecond',
        'rxBytesPerSecond',
      ])
        assert.ok(keysAt(width, cell).includes(key), `${key} at ${String(width)}`);
});

test('the least useful column goes first', () => {
  const priorities = new Map(columns.map(({ key, priority }) => [key, priority]));
  fc.assert(
    fc.property(
      fc.integer({ min: 20, max: 400 }),
      fc.string({ minLength: 1, maxLength: 40 }),
      (width, cell) => {
        const shown = new Set(keysAt(width, cell));
        const gone = columns.filter(({ key }) => !shown.has(key));
        const worstShown = Math.max(...[...shown].map((key) => priorities.get(key) ?? 0));
        return gone.every(({ priority }) => priority >= worstShown);
      },
    ),
  );
});

test('columns fill the room and no more, and names are uncut where there is room', () => {
  const cell = 'a-very-long-name-of-a-virtual-machine:12345';
  fc.assert(
    fc.property(fc.integer({ min: 60, max: 600 }), fc.nat({ max: 30 }), (width, skipped) => {
      const rows = [columns.map(() => cell)];
      const room = { width, gap: 1, memory: new Map<string, number>() };
      for (const placed of [layoutColumns(columns, rows, room), layoutFrom(columns, rows, room, skipped)]) {
        const used = placed.reduce((sum, column) => sum + column.width + 1, -1);
        assert.ok(used <= width, `${String(used)} in ${String(width)}`);
      }
    }),
  );
  const placed = layoutColumns(columns.slice(0, 5), [columns.map(() => cell)], {
    width: 300,
    gap: 1,
    memory: new Map(),
  });
  assert.ok(placed.every(({ width }) => width >= cell.length));
});
