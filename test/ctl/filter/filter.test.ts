import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { flowTable } from '../../../src/ctl/columns/flow-table.js';
import { vocabularyOf } from '../../../src/ctl/columns/vocabulary.js';
import { lists } from '../../../src/api/lists.js';
import { compileFilter } from '../../../src/filter/compile-filter.js';
import { FilterError } from '../../../src/filter/filter-error.js';
import { joinFilters } from '../../../src/filter/join-filters.js';
import { operatorsByLength } from '../../../src/filter/operators.js';
import { parseFilter } from '../../../src/filter/parse-filter.js';
import { VsocketError } from '../../../src/errors/vsocket-error.js';
import { fixtureData } from '../support/fixture-data.js';

const vocabulary = vocabularyOf(flowTable);
const { flows } = fixtureData('alpha', 200);

function matching(filter: string): string[] {
  return flows.filter(compileFilter(filter, vocabulary)).map((flow) => flow.id);
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
    expected((flow) => (flow.txBytesPerSecond ?? 0) > 500 * 1024),
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
      .array(
        fc.constantFrom(
          'vm',
          'path',
          'and ',
          ' or ',
          'not ',
          '(',
          ')',
          '=',
          '!=',
          '>',
          '"',
          ',',
          ' ',
          '*',
          'a',
          '1',
          '\\',
          '!',
          '~',
        ),
      )
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (filter) => {
      try {
        compileFilter(filter, vocabulary)(flows[0] ?? assert.fail());
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
        .map(({ key, operator, values }) => `(${key}${operator}${values.map(quote).join(',')})`)
        .join(' and ');
      const parsed = parseFilter(text);
      const parts = parsed.kind === 'and' ? parsed.parts : [parsed];
      assert.deepEqual(
        parts.map((part) =>
          part.kind === 'condition'
            ? { key: part.key, operator: part.operator, values: part.values.map((value) => value.text) }
            : part,
        ),
        conditions.map((condition) => ({ ...condition })),
      );
    }),
  );
});

test('and, or, not and brackets', () => {
  assert.deepEqual(
    matching('(vm=red1 or path=tcp) and not remotePort=6379'),
    expected((flow) => (flow.vm === 'red1' || flow.path === 'tcp') && flow.remotePort !== 6379),
  );
  assert.deepEqual(
    matching('vm=red1 path=shm or vm=blue1'),
    expected((flow) => (flow.vm === 'red1' && flow.path === 'shm') || flow.vm === 'blue1'),
  );
  assert.deepEqual(matching('vm=red1 and vm=blue1'), []);
  assert.deepEqual(
    matching(joinFilters(['vm=red1 or vm=blue1', 'path=tcp'])),
    expected((flow) => flow.path === 'tcp'),
  );
});

test('either end’s port, ranges, networks, durations', () => {
  assert.deepEqual(
    matching('port=6379'),
    expected((flow) => flow.remotePort === 6379),
  );
  assert.deepEqual(
    matching('port=40010-40012,6379'),
    expected((flow) => (flow.localPort >= 40_010 && flow.localPort <= 40_012) || flow.remotePort === 6379),
  );
  for (const all of ['remoteAddress=10.0.0.0/8', 'remote=10.0.0.2/32', 'address=10.0.0.2-10.0.0.9', 'age>1d'])
    assert.equal(matching(all).length, flows.length, all);
  for (const none of ['remoteAddress=192.168.0.0/16', 'remoteAddress=fd00::/8', 'age<5m'])
    assert.equal(matching(none).length, 0, none);
});

test('what cannot match says so, with the place and what was probably meant', () => {
  for (const [filter, why, at] of [
    ['path=rmda', /path is never “rmda”, did you mean rdma\?/, 5],
    ['path==shm', /one = is enough/, 5],
    ['vm=/x/', /not regular expressions/, 3],
    ['vm=red1 pth=shm', /no “pth”, did you mean path\?/, 8],
    ['remoteAddress=10.0.0.0/99', /neither a network/, 14],
    ['(vm=red1 or path=shm', /“\(” is not closed/, 0],
    ['vm=red1)', /nothing opens/, 7],
    ['remotePort=many', /is a number, “many” is none/, 11],
    ['age<soon', /is a duration/, 4],
    ['vm=""', /an empty value/, 3],
    ['vm=a or ""', /an empty word/, 8],
    ['vm=', /a value is missing here/, 3],
    ['state=open', /state is never “open”, it is one of established/, 6],
  ] as const) {
    assert.throws(
      () => matching(filter),
      (error) => {
        assert.ok(error instanceof FilterError);
        assert.match(error.message, why);
        assert.equal(error.excerpt, `  ${filter}\n  ${' '.repeat(at)}^`);
        return true;
      },
    );
  }
  assert.deepEqual(matching('path="cxl"'), []);
  assert.deepEqual(matching('state=closed'), []);
});

test('a host’s own fields mean the same there as here', () => {
  const there = { noun: 'row', fields: lists.flows.filterFields };
  for (const filter of [
    'port=6379',
    'bytesPerSecond>500k',
    'age>1d and path=shm',
    'address=10.0.0.2',
    'reason=-',
  ])
    assert.deepEqual(
      flows.filter(compileFilter(filter, there)).map(({ id }) => id),
      matching(filter),
      filter,
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
      assert.equal(compileFilter(`program=${pattern}`, vocabulary)(row), expression.test(row.program));
    }),
  );
});
