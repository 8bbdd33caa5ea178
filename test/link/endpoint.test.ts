import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointOf } from '../../src/link/rdma/endpoint.js';
import type { Gid } from '../../src/native/verbs/gids.js';
import type { Port } from '../../src/native/verbs/port.js';

const port: Port = {
  number: 1,
  state: 'ACTIVE',
  physicalState: 'LINK_UP',
  linkLayer: 'Ethernet',
  maxMtuBytes: 4096,
  activeMtuBytes: 1024,
  rateBitsPerSecond: 100e9,
  maxMessageBytes: 2 ** 30,
  lid: 0,
  smLid: 0,
  gidTableLength: 4,
};
const gid = (index: number, address: string, type: string): Gid => ({
  ...{ index, address, type },
  ...{ port: 1, interfaceIndex: 2 },
});
const gids = [
  gid(0, 'fe80::1', 'RoCE v1'),
  gid(1, 'fe80::1', 'RoCE v2'),
  gid(2, '::ffff:198.51.100.1', 'RoCE v1'),
  gid(3, '::ffff:198.51.100.1', 'RoCE v2'),
];
const chosen = (config: Parameters<typeof endpointOf>[3], of = gids): number | string => {
  const endpoint = endpointOf('mlx5_0', port, of, config);
  return typeof endpoint === 'string' ? endpoint : endpoint.gidIndex;
};

test('the address is RoCE v2 over IPv4 unless the configuration says otherwise', () => {
  assert.equal(chosen({}), 3);
  assert.equal(chosen({}, gids.slice(0, 2)), 1);
  assert.equal(chosen({ gidType: 'RoCE v1' }), 2);
  assert.equal(chosen({ gidIndex: 0 }), 0);
  assert.equal(
    chosen({ gidIndex: 0, gidType: 'RoCE v2' }),
    'port mlx5_0/1 has no address with link.rdma.gidType RoCE v2 and link.rdma.gidIndex 0',
  );
  assert.equal(chosen({ gidType: 'IB' }, []), 'port mlx5_0/1 has no address');
});

test('the MTU is the port’s, or a smaller one', () => {
  const mtuOf = (mtuBytes?: 512 | 4096): unknown => {
    const endpoint = endpointOf('mlx5_0', port, gids, { mtuBytes });
    return typeof endpoint === 'string' ? endpoint : endpoint.mtuBytes;
  };
  assert.equal(mtuOf(), 1024);
  assert.equal(mtuOf(512), 512);
  assert.equal(mtuOf(4096), 'port mlx5_0/1 has an active MTU of 1024 bytes, link.rdma.mtuBytes is 4096');
});

test('a port that is down is not used', () => {
  assert.equal(endpointOf('mlx5_0', { ...port, state: 'DOWN' }, gids, {}), 'port mlx5_0/1 is DOWN');
});
