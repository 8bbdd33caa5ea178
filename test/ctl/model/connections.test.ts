import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowTable } from '../../../src/ctl/columns/flow-table.js';
import { Connections, endsOf } from '../../../src/ctl/model/connections.js';
import { fixtureConnections } from '../support/fixture-connections.js';

const client = { host: 'alpha', vm: 'red1', address: '10.0.0.1', program: 'redis-benchmark' };
const service = { host: 'beta', vm: 'red3', address: '10.0.0.3', program: 'redis-server', port: 6379 };
const ends = fixtureConnections(client, service, 3);
const all = [...ends.service, ...ends.client];

function cell(row: Parameters<typeof flowTable.locate>[0], key: string): unknown {
  const column = flowTable.columns.find((one) => one.key === key);
  return column?.text?.(row) ?? column?.value(row);
}

test('a connection whose ends are both known is one row, as the VM that connected sees it', () => {
  const rows = new Connections(all).rows(all);
  assert.deepEqual(
    rows.map(({ id, other }) => [id, other?.id]),
    [0, 1, 2].map((index) => [`red1:${String(7000 + index)}`, `red3:${String(8000 + index)}`]),
  );
  assert.deepEqual(
    ['client', 'service', 'host', 'program', 'clientProgram', 'txBytesPerSecond'].map((key) =>
      cell(rows[0]!, key),
    ),
    ['red1:50000', 'red3:6379', 'alpha>beta', 'redis-server', 'redis-benchmark', 100],
  );
  assert.deepEqual(
    endsOf(rows[0]!).map(({ host, id }) => `${host}/${id}`),
    ['alpha/red1:7000', 'beta/red3:8000'],
  );
});

test('of an end that is alone the service is known too, from either side', () => {
  for (const side of [ends.client, ends.service]) {
    const rows = new Connections(side).rows(side);
    assert.equal(rows.length, 3);
    assert.deepEqual([cell(rows[0]!, 'client'), cell(rows[0]!, 'service')], ['red1:50000', 'red3:6379']);
  }
});

test('where one end only is asked for, it is the row, and what is known of the other is told', () => {
  const rows = new Connections(all).rows(ends.service);
  assert.deepEqual(
    rows.map(({ id, other }) => [id, other?.id]),
    [0, 1, 2].map((index) => [`red3:${String(8000 + index)}`, `red1:${String(7000 + index)}`]),
  );
  assert.equal(cell(rows[0]!, 'clientProgram'), 'redis-benchmark');
});

test('what only looks like the other end stays a row of its own', () => {
  const [one, other] = [ends.client[0]!, ends.service[0]!];
  const count = (...flows: typeof all): number => new Connections(flows).rows(flows).length;
  assert.equal(count(one, other), 1);
  // Of a vsockd that does not tell it.
  const untold = { connectionId: null } as never;
  assert.equal(count({ ...one, ...(untold as object) }, { ...other, ...(untold as object) }), 2);
  // Of a host that says it of another one’s.
  assert.equal(count(one, { ...other, remotePort: 1 }), 2);
  // A host that is asked by two names.
  assert.equal(count(one, other, { ...one, host: 'alias' }, { ...other, host: 'alias2' }), 4);
});

test('the same places again are another connection than the one that has ended', () => {
  const closed = all.map((flow) => ({ ...flow, state: 'closed' }));
  const again = [...all, ...closed.map((flow) => ({ ...flow, id: `${flow.id}0` }))];
  const rows = new Connections(again).rows(again);
  assert.deepEqual(
    rows.map(({ state, other }) => [state, other?.state]),
    [
      ...Array.from({ length: 3 }, () => ['established', 'established']),
      ...Array.from({ length: 3 }, () => ['closed', 'closed']),
    ],
  );
});
