import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { mountsOf, processesLeft } from '../lab/support/lab-program.js';
import { machineCases } from './cases/machines.js';
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

  test('down leaves nothing', async () => {
    const { directory } = shared().paths;
    await shared().close();
    assert.deepEqual(processesLeft(), []);
    assert.deepEqual(mountsOf(directory), []);
    assert.ok(!existsSync(directory));
  });
});
