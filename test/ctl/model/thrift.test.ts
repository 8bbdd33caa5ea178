import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Thrift } from '../../../src/ctl/model/thrift.js';

/** What a core does in 4 s, round after round, where a round takes so much of it and is asked for each 2 s. */
function stretchFor(millisecondsOfRound: number, rounds: number): number {
  const thrift = new Thrift();
  let [at, used] = [0, 0];
  thrift.measure(at, used);
  for (let round = 0; round < rounds; round += 1) {
    at += 4000;
    used += Math.min(4000, (millisecondsOfRound * 4000) / (2000 * thrift.stretch));
    thrift.measure(at, used);
  }
  return thrift.stretch;
}

test('where hosts take little they are asked as often as is wanted; where they take much, a third of a core is not passed', () => {
  assert.equal(stretchFor(100, 5), 1);
  const stretch = stretchFor(1800, 10);
  assert.ok(1800 / (2000 * stretch) < 1 / 3, `stretched ${stretch} times`);
  assert.ok(stretch < 4);
});

test('when there is less to do, the pace is the wanted one again', () => {
  const thrift = new Thrift();
  thrift.measure(0, 0);
  thrift.measure(1000, 900);
  assert.ok(thrift.stretch > 2);
  for (let second = 2; second < 6; second += 1) thrift.measure(second * 1000, 900 + second * 10);
  assert.equal(thrift.stretch, 1);
});
