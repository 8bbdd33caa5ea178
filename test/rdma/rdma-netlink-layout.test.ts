import assert from 'node:assert/strict';
import { it } from 'node:test';
import { driverId } from '../../src/rdma/drivers.js';
import * as layout from '../../src/rdma/rdma-netlink-layout.js';
import { headerNumbers } from '../support/header-numbers.js';

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

const ours: Record<string, number> = {
  NETLINK_RDMA: layout.netlinkRdma,
  'RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, 9)': layout.nldevType(9),
};
for (const [name, number] of Object.entries(layout.nldevCommand))
  ours[`RDMA_NLDEV_CMD_${snakeCase(name)}`] = number;
for (const [name, number] of Object.entries(layout.nldevAttribute))
  ours[`RDMA_NLDEV_ATTR_${snakeCase(name)}`] = number;

for (const [name, number] of Object.entries(driverId)) ours[`RDMA_DRIVER_${name.toUpperCase()}`] = number;

it('agrees with the installed headers', () => {
  assert.deepEqual(
    ours,
    headerNumbers(
      ['linux/netlink.h', 'rdma/rdma_netlink.h', 'rdma/ib_user_ioctl_verbs.h'],
      Object.keys(ours),
    ),
  );
});
