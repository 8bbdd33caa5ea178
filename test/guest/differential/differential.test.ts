import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { firstDifference } from './compare.js';
import { describePlay } from './describe.js';
import { onceDifferent } from './once-different.js';
import { allFeatures } from './programs.js';
import { search } from './search.js';
import type { Mode } from './stage.js';
import { Theatre } from './theatre.js';

/** The same programs each time; `npm run soak:guest` plays others. */
const seed = 20261127;
const programsOf: readonly [Mode, number][] = [
  ['both', 1000],
  ['server', 300],
  ['client', 300],
];

describe('random programs of socket calls do with the library what they do on plain TCP', () => {
  let theatre: Theatre;
  before(async () => {
    theatre = await Theatre.open(programsOf.map(([mode]) => mode));
  });
  after(async () => {
    await theatre.close();
  });

  test('what once differed', async (context) => {
    for (const [name, program] of onceDifferent)
      await context.test(name, async () => {
        const { plain, other, program: whole } = await theatre.play(program, 'both');
        assert.equal(firstDifference(plain, other), null, describePlay(whole, plain, other));
      });
  });

  for (const [mode, programs] of programsOf)
    test(`with the library at: ${mode}`, async () => {
      const finding = await search(theatre, { mode, features: allFeatures, seed, programs });
      assert.equal(finding?.report, undefined);
      if (mode === 'both') assert.ok(theatre.ringBytes().every((bytes) => bytes > 0));
    });
});
