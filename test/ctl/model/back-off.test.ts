import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backOff } from '../../../src/ctl/model/back-off.js';

test('a host that answers keeps its pace; one that fails is asked more and more seldom, never in step', () => {
  assert.equal(backOff(2000, 0, 0.3), 2000);
  for (let failures = 1; failures < 40; failures += 1) {
    const [least, most] = [backOff(2000, failures, 0), backOff(2000, failures, 1)];
    const whole = Math.min(60_000, 2000 * 2 ** failures);
    assert.deepEqual([least, most], [whole / 2, whole]);
  }
});
