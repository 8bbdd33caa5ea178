import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readConfig } from '../../src/daemon/read-config.js';
import { VsocketError } from '../../src/errors/vsocket-error.js';

const vm = {
  name: 'red1',
  tenant: 'red',
  vni: 100,
  addresses: ['10.0.0.1'],
  mac: '02:00:00:00:00:01',
  interface: 'red1',
  networkNamespace: '/proc/1/ns/net',
  channel: '/run/red1',
  memory: { path: '/proc/1/fd/3' },
};

describe('a configuration that is wrong is one line', () => {
  const directory = mkdtempSync(join(tmpdir(), 'vsockd-config-'));
  const file = join(directory, 'vsockd.json');
  after(() => rmSync(directory, { recursive: true }));

  function lineFor(text: string): string {
    writeFileSync(file, text);
    try {
      readConfig(file);
    } catch (error) {
      assert.ok(error instanceof VsocketError);
      return error.line.replace(file, 'FILE');
    }
    return 'fine';
  }
  const withVms = (...vms: object[]): string => lineFor(JSON.stringify({ host: 'a', vms }));

  const link = {
    listen: { address: '192.0.2.1', port: 7471 },
    ...{ certificate: '/c', key: '/k', authority: '/a', directory: '/d' },
  };
  const withRdma = (rdma: object): string =>
    lineFor(JSON.stringify({ host: 'a', vms: [], link: { ...link, rdma } }));

  const cases: Array<[string, () => string, RegExp]> = [
    ['right', () => withVms(vm), /^fine$/],
    [
      'right settings of RDMA',
      () =>
        withRdma({
          ...{ devices: ['mlx5_0/1', 'mlx5_1'], gidType: 'RoCE v2', gidIndex: 3, mtuBytes: 4096 },
          ...{ trafficClass: 104, serviceLevel: 3, timeout: 14, retryCount: 7, rnrRetryCount: 7 },
        }),
      /^fine$/,
    ],
    [
      'an MTU that RDMA does not have',
      () => withRdma({ mtuBytes: 1500 }),
      /^FILE: link\.rdma\.mtuBytes: .+$/,
    ],
    ['a DSCP beyond 63', () => withRdma({ trafficClass: 256 }), /^FILE: link\.rdma\.trafficClass: .*255/],
    ['a service level', () => withRdma({ serviceLevel: 16 }), /^FILE: link\.rdma\.serviceLevel: .*15/],
    ['a timeout', () => withRdma({ timeout: 32 }), /^FILE: link\.rdma\.timeout: .*31/],
    ['a timeout that is for ever', () => withRdma({ timeout: 0 }), /^FILE: link\.rdma\.timeout: .*1/],
    ['retries', () => withRdma({ retryCount: 8 }), /^FILE: link\.rdma\.retryCount: .*7/],
    ['retries of a receiver', () => withRdma({ rnrRetryCount: -1 }), /^FILE: link\.rdma\.rnrRetryCount: .*0/],
    ['a type of address', () => withRdma({ gidType: 'v2' }), /^FILE: link\.rdma\.gidType: .*RoCE v2/],
    ['an index of an address', () => withRdma({ gidIndex: 256 }), /^FILE: link\.rdma\.gidIndex: .*255/],
    [
      'a name of no device',
      () => withRdma({ devices: ['mlx5_0:1'] }),
      /^FILE: link\.rdma\.devices\.0: .*mlx5_0\/1/,
    ],
    ['no device', () => withRdma({ devices: [] }), /^FILE: link\.rdma\.devices: .+$/],
    [
      'a socket’s path that is too long',
      () => withVms({ ...vm, channel: `/run/${'x'.repeat(103)}` }),
      /^FILE: vms\.0\.channel: \/run\/x+ has 108 bytes, a socket’s path has 107 at most$/,
    ],
    ['no JSON', () => lineFor('{'), /^FILE: no JSON: /],
    ['a key is missing', () => lineFor('{"vms": []}'), /^FILE: host: /],
    ['a key nobody knows', () => withVms({ ...vm, colour: 1 }), /^FILE: vms\.0: .*colour/],
    ['a wrong value', () => withVms({ ...vm, vni: 0 }), /^FILE: vms\.0\.vni: /],
    [
      'a name twice',
      () => withVms(vm, { ...vm, interface: 'x', vni: 2 }),
      /^FILE: vms\.1\.name: .*red1 is taken by vms\.0$/,
    ],
    [
      'an address twice',
      () => withVms(vm, { ...vm, name: 'b', interface: 'b' }),
      /^FILE: vms\.1\.addresses: /,
    ],
    [
      'the same address in two networks',
      () => withVms(vm, { ...vm, name: 'b', interface: 'b', vni: 2 }),
      /^fine$/,
    ],
  ];
  for (const [title, line, pattern] of cases) it(title, () => assert.match(line(), pattern));

  it('says why it cannot be read', () => {
    assert.throws(() => readConfig(join(directory, 'none')), /none: no such file or directory$/);
  });
});
