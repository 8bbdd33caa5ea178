import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isolationAttempts } from './all-attempts.js';
import { lineOf, verdictOf, type Verdict } from './attempt.js';

test('tenants with equal addresses never meet', async () => {
  const verdicts: Verdict[] = [];
  const failed: string[] = [];
  await isolationAttempts((attempt) => {
    console.log(lineOf(attempt));
    const verdict = verdictOf(attempt);
    verdicts.push(verdict);
    if (verdict !== 'held') failed.push(lineOf(attempt));
  });
  assert.deepEqual(failed, []);
  assert.ok(verdicts.length > 40, `only ${verdicts.length} tries`);
});
