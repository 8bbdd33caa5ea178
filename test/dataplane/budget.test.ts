import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HostConfig, usualLimits } from '../../src/config/host-config.js';
import { Budget } from '../../src/dataplane/budget.js';
import { VmBudgets } from '../../src/dataplane/vm-budgets.js';

/** A clock that the test sets. */
class Clock {
  at = 0;
  readonly now = (): number => this.at;
}

test('a budget has so much at once, and then so much a second', () => {
  const clock = new Clock();
  const budget = new Budget(10, 20, clock.now);
  for (let used = 1; used < 20; used++) assert.equal(budget.use(1), 0);
  assert.equal(budget.use(1), 1, 'the last one');
  assert.equal(budget.exceeded, 1);
  assert.equal(budget.use(5), 500, 'what is owed takes half a second');
  clock.at = 500;
  assert.equal(budget.allows(1), false);
  clock.at = 600;
  assert.equal(budget.allows(1), true);
  clock.at = 1_000_000;
  assert.equal(budget.use(19), 0, 'as much at once as at first');
  assert.equal(budget.allows(2), false, 'and no more');
});

test('whoever waits as long as it is told never uses more than its budget', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 200 }), (amounts) => {
      const clock = new Clock();
      const budget = new Budget(100, 30, clock.now);
      for (const amount of amounts) clock.at += budget.use(amount);
      const most = 30 + (clock.at * 100) / 1000;
      assert.ok(budget.used <= most + Math.max(...amounts, 0), `${budget.used} of ${most}`);
    }),
  );
});

test('a VM that used up its looks rests, and is looked at again', () => {
  const clock = new Clock();
  const budgets = new VmBudgets({ ...usualLimits, looksPerSecond: 100 }, clock.now);
  budgets.lookedInVain(399);
  assert.equal(budgets.rest, 0);
  budgets.lookedInVain(11);
  assert.equal(budgets.rest, 100);
  budgets.lookedInVain(1);
  assert.equal(budgets.rest, 110);
  clock.at = 109;
  assert.equal(budgets.rest, 1);
  clock.at = 110;
  assert.equal(budgets.rest, 0);
});

test('a VM’s own limits stand above those of all', () => {
  const vm = {
    ...{
      name: 'a',
      tenant: 'red',
      vni: 1,
      addresses: ['10.0.0.1'],
      mac: '02:00:00:00:00:01',
      interface: 'v0',
    },
    ...{ networkNamespace: '/n', channel: '/c', memory: { path: '/m' }, limits: { claimsPerSecond: 7 } },
  };
  const config = HostConfig.parse({ host: 'h', vmLimits: { logLinesPerSecond: 9 }, vms: [vm] });
  assert.equal(config.vmLimits.claimsPerSecond, usualLimits.claimsPerSecond);
  assert.deepEqual(
    { ...config.vmLimits, ...config.vms[0]!.limits },
    { ...usualLimits, claimsPerSecond: 7, logLinesPerSecond: 9 },
  );
});
