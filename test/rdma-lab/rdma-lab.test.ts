import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { mountsOf, processesLeft } from '../lab/support/lab-program.js';
import { carryCases } from './cases/carry.js';
import { machineCases } from './cases/machines.js';
import { seeCases } from './cases/see.js';
import { RdmaLab } from './support/rdma-lab.js';

/** One boot for all cases; `shared` gives the laboratory while they run. */
describe('the laboratory with RDMA', { concurrency: false }, () => {
  let lab: RdmaLab | undefined;
  const shared = (): RdmaLab => lab!;
  before(async () => {
    lab = await RdmaLab.open();
  });
  after(() => lab?.close());

  describe('machines', () => machineCases(shared));
  describe('flows between hosts', () => carryCases(shared));
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

  test('down leaves nothing', async () => {
    const { directory } = shared().paths;
    await shared().close();
    assert.deepEqual(processesLeft(), []);
    assert.deepEqual(mountsOf(directory), []);
    assert.ok(!existsSync(directory));
  });
});
