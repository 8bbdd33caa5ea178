import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DeviceHistory } from '../../../src/daemon/rdma/device-history.js';
import { fixtureRdma } from '../../ctl/support/fixture-rdma.js';

const { devices } = fixtureRdma('alpha');
const states = (rows: typeof devices): (string | null)[] => rows.map(({ state }) => state);

it('shows a device that went away for a minute, and as itself when it is back', () => {
  const history = new DeviceHistory();
  assert.deepEqual(states(history.update(devices, 0)), ['ACTIVE', 'DOWN']);
  const gone = history.update(devices.slice(1), 2000);
  assert.deepEqual(states(gone), ['DOWN', 'gone']);
  assert.deepEqual([gone[1]?.id, gone[1]?.physicalState, gone[1]?.inUse], ['mlx5_0/1', null, {}]);
  assert.deepEqual(states(history.update([], 59_000)), ['gone', 'gone']);
  assert.deepEqual(states(history.update(devices, 59_500)), ['ACTIVE', 'DOWN']);
  assert.deepEqual(states(history.update(devices.slice(1), 119_000)), ['DOWN', 'gone']);
  assert.deepEqual(states(history.update(devices.slice(1), 119_501)), ['DOWN']);
});
