import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../../../src/ctl/async/turns.js';

test('turns begin one after the other, in order, and never too many at once', async () => {
  const paceMilliseconds = 5;
  const turns = new Turns(3, paceMilliseconds);
  const begun: { index: number; at: number }[] = [];
  let most = 0;
  let open = 0;
  const act = async (index: number): Promise<void> => {
    const end = await turns.take();
    begun.push({ index, at: performance.now() });
    most = Math.max(most, (open += 1));
    if (index < 2) await act(index + 10);
    open -= 1;
    end();
    end(); // A second end gives no second turn.
  };
  await Promise.all([0, 1, 2, 3, 4, 5].map(act));
  assert.deepEqual(
    begun.map(({ index }) => index),
    [0, 1, 2, 3, 4, 5, 10, 11],
  );
  assert.equal(most, 3);
  for (const [index, { at }] of begun.entries())
    if (index > 0) assert.ok(at - begun[index - 1]!.at >= paceMilliseconds - 1);
});
