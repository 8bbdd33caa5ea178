import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutNames, cutPairs } from '../../../src/ctl/text/cut-names.js';
import { displayWidth } from '../../../src/ctl/text/width.js';

const name = fc.oneof(
  fc.string({ minLength: 1, maxLength: 40 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
  // As operators name them: alike at the front, at the end, or both.
  fc
    .tuple(
      fc.constantFrom('customer-database-', 'web-'),
      fc.nat({ max: 99 }),
      fc.constantFrom('', '-frontend-01'),
    )
    .map(([front, number, end]) => `${front}${String(number)}${end}`),
);

test('names that differ still do when they are cut, and none is too wide', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 4, max: 40 }),
      fc.constantFrom('…', '~'),
      (names, width, mark) => {
        const cut = cutNames(names, width, mark);
        assert.equal(cut.length, names.length);
        for (const [index, text] of cut.entries()) {
          assert.ok(displayWidth(text) <= width, text);
          if (displayWidth(names[index]!) <= width) assert.equal(text, names[index]);
        }
        assert.equal(new Set(cut).size, names.length);
      },
    ),
    { numRuns: 500 },
  );
});

test('whatever the width, no text is wider', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 20 }), fc.integer({ min: 0, max: 4 }), (names, width) => {
      for (const text of cutNames(names, width)) assert.ok(displayWidth(text) <= width);
    }),
  );
});

test('they are cut in the middle, at the same place, where that keeps them apart', () => {
  assert.deepEqual(
    cutNames(['customer-database-frontend-01:5003', 'customer-database-frontend-02:5003'], 20),
    ['customer-d…d-01:5003', 'customer-d…d-02:5003'],
  );
  // At another place where half would make them alike.
  assert.deepEqual(cutNames(['data-eu-1-x-frontend', 'data-eu-2-x-frontend'], 10), [
    'data-eu-1…',
    'data-eu-2…',
  ]);
  assert.deepEqual(cutNames(['eu-north-database-frontend', 'eu-south-database-frontend'], 10), [
    'eu-no…tend',
    'eu-so…tend',
  ]);
});

test('of two names that are one text both are known, at every width that has room for it', () => {
  const hosts = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,24}$/), { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(hosts, fc.integer({ min: 11, max: 50 }), (names, width) => {
      const texts = names.flatMap((one, index) => [
        one,
        ...names.slice(0, index).map((two) => `${one}>${two}`),
      ]);
      const cut = cutPairs(texts, width, '>');
      assert.equal(new Set(cut).size, texts.length);
      for (const [index, text] of cut.entries()) {
        assert.ok(displayWidth(text) <= width, text);
        const sides = text.split('>');
        assert.equal(sides.length, texts[index]!.split('>').length);
        for (const [side, name] of texts[index]!.split('>').entries())
          assert.ok(sides[side]!.startsWith(name.slice(0, 1)), text);
      }
    }),
  );
  assert.deepEqual(cutPairs(['node-rack1-07>node-rack1-19', 'node-rack1-07>node-rack2-07', 'hv1'], 15, '>'), [
    'no…1-07>no…1-19',
    'no…1-07>no…2-07',
    'hv1',
  ]);
  // What one side does not need the other one has.
  assert.deepEqual(cutPairs(['hv1>node-rack12-19'], 15, '>'), ['hv1>node-…12-19']);
});

test('the port behind a name stays whole, also where names have to be numbered', () => {
  const names = ['analytics-ingest-west-a-01', 'analytics-ingest-east-b-01', 'analytics-ingest-west-c-01'];
  const places = names.flatMap((name) => [40_019, 5201].map((port) => `${name}:${port}`));
  for (const width of [13, 14, 20, 26]) {
    const cut = cutNames(places, width);
    assert.equal(new Set(cut).size, places.length);
    for (const [index, text] of cut.entries())
      assert.ok(text.endsWith(places[index]!.slice(places[index]!.indexOf(':'))), text);
  }
});
