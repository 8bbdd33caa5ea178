import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { loadVerbs } from '../../src/native/verbs/verbs.js';

const sysfs = '/sys/class/infiniband';

test('a host tells its RDMA devices, or why there are none', () => {
  const names = existsSync(sysfs) ? readdirSync(sysfs).sort() : [];
  const { verbs, reason } = loadVerbs();
  assert.deepEqual(verbs?.listDevices().sort() ?? [], names);
  if (names.length === 0) assert.match(reason ?? '', /^(no RDMA device|libibverbs is not installed)$/);
  else assert.equal(reason, null);
});
