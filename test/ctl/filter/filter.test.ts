import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { flowTable } from '../../../src/ctl/columns/flow-table.js';
import { compileFilter } from '../../../src/ctl/filter/compile-filter.js';
import { operatorsByLength } from '../../../src/ctl/filter/grammar.js';
import { parseFilter } from '../../../src/ctl/filter/parse-filter.js';
import { VsocketError } from '../../../src/errors/vsocket-error.js';
import { fixtureData } from '../support/fixture-data.js';

const { flows } = fixtureData('alpha', 200);

function matching(filter: string): string[] {
  return flows.filter(compileFilter(filter, flowTable)).map((flow) => flow.id);
}

function expected(predicate: (flow: (typeof flows)[number]) => boolean): string[] {
  return flows.filter(predicate).map((flow) => flow.id);
}

test('values of one key add up, different keys narrow', () => {
  assert.deepEqual(
    matching('vm=red1 vm=blue1 path=shm'),
    expected((flow) => flow.path === 'shm'),
  );
  assert.deepEqual(
    matching('vm=red1,blue1 remotePort=6379'),
    expected((flow) => flow.remotePort === 6379),
  );
  assert.deepEqual(
    matching('vm=red1 path=shm'),
    expected((flow) => flow.vm === 'red1' && flow.path === 'shm'),
  );
});

test('numbers compare, with units', () => {
  assert.deepEqual(
    matching('txBytesPerSecond>500K'),
    expected((flow) => flow.txBytesPerSecond > 500 * 1024),
  );
  assert.deepEqual(
    matching('localPort>=40010 localPort<40020'),
    expected((flow) => flow.localPort >= 40_010 && flow.localPort < 40_020),
  );
});

test('what is not known is a dash', () => {
  assert.deepEqual(
    matching('program=-'),
    expected((flow) => flow.program === null),
  );
  assert.deepEqual(
    matching('reason!=-'),
    expected((flow) => flow.reason !== null),
  );
});

test('patterns, parts and words', () => {
  assert.deepEqual(
    matching('vm=red*'),
    expected((flow) => flow.vm.startsWith('red')),
  );
  assert.deepEqual(
    matching('program~edis'),
    expected((flow) => flow.program?.includes('edis') === true),
  );
  assert.deepEqual(
    matching('redis-server !red1:'),
    expected((flow) => flow.program === 'redis-server' && flow.vm !== 'red1'),
  );
});

test('an empty filter matches everything', () => {
  assert.equal(matching('  ').length, flows.length);
});

test('any text is a filter or a usage error, nothing else', () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .array(fc.constantFrom('vm', 'path', '=', '!=', '>', '"', ',', ' ', '*', 'a', '1', '\\', '!', '~'))
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (filter) => {
      try {
        compileFilter(filter, flowTable)(flows[0] ?? assert.fail());
      } catch (error) {
        assert.ok(error instanceof VsocketError && error.exitCode === 2);
      }
    }),
  );
});

test('what is written with quotes is read back', () => {
  const condition = fc.record({
    key: fc.constantFrom(...flowTable.columns.map((column) => column.key)),
    operator: fc.constantFrom(...operatorsByLength),
    values: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(condition), (conditions) => {
      const quote = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;
      const text = conditions
        .map(({ key, operator, values }) => `${key}${operator}${values.map(quote).join(',')}`)
        .join(' ');
      assert.deepEqual(
        parseFilter(text),
        conditions.map((parts) => ({ kind: 'condition', ...parts })),
      );
    }),
  );
});

test('a star matches as a regular expression would', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
  const subject = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
  fc.assert(
    fc.property(part, subject, (pattern, text) => {
      fc.pre(pattern !== '');
      const row = { ...(flows[0] ?? assert.fail()), program: text === '' ? 'x' : text };
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
      assert.equal(compileFilter(`program=${pattern}`, flowTable)(row), expression.test(row.program));
    }),
  );
});
