import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { LabPaths } from '../../src/lab/lab-paths.js';
import { lab, labOk, mountsOf, processesLeft } from '../lab/support/lab-program.js';
import { carryCases } from './cases/carry.js';
import { machineCases } from './cases/machines.js';
import { rulesCases } from './cases/rules.js';
import { seeCases } from './cases/see.js';
import { verbsCases } from './cases/verbs.js';
import { RdmaLab } from './support/rdma-lab.js';

function assertNothingLeft({ directory }: LabPaths): void {
  assert.deepEqual(processesLeft(), []);
  assert.deepEqual(mountsOf(directory), []);
  assert.ok(!existsSync(directory));
}

/** One boot for all cases; `shared` gives the laboratory while they run. */
describe('the laboratory with RDMA', { concurrency: false }, () => {
  let opened: RdmaLab | undefined;
  const shared = (): RdmaLab => opened!;
  before(async () => {
    opened = await RdmaLab.open();
  });
  after(() => opened?.close());

  describe('machines', () => machineCases(shared));
  describe('flows between hosts', () => carryCases(shared));
  describe('security groups', () => rulesCases(shared));
  test('vsockctl and the command rdma see the same', (context) =>
    seeCases(context, {
      host: 'hv1',
      rdma: { device: 'rxe0', netdev: 'rdma0', address: '198.51.100.1' },
      vsockctl: async (...words) => {
        const { code, stdout, stderr } = await shared().vsockctl(...words, '--host', 'hv1');
        assert.equal(code, 0, stderr);
        return stdout;
      },
      onHost: (command) => shared().onHost('hv1', 'sh', '-c', command),
    }));

  describe('libibverbs', () => verbsCases(shared));

  test('down leaves nothing', async () => {
    await shared().close();
    assertNothingLeft(shared().paths);
  });

  test('up killed half-way leaves nothing that down does not find', async () => {
    const name = `half-${process.pid}`;
    for (const killAfter of [1500, 4000]) {
      await lab(['up', '--rdma', '--name', name], { killAfter });
      await labOk('down', '--name', name);
      assertNothingLeft(new LabPaths(name));
    }
  });
});
