import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RdmaLab } from '../support/rdma-lab.js';

const check = fileURLToPath(new URL('../fixtures/verbs-check.js', import.meta.url));

/** Our bindings of libibverbs on a real device. */
export function verbsCases(shared: () => RdmaLab): void {
  test('the bindings of libibverbs do what its manual says, and allocate nothing where it counts', async () => {
    await shared().onHost('hv2', process.execPath, '--expose-gc', check, 'rxe0', 'rdma0');
  });
}
