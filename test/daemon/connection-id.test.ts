import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VmConfig } from '../../src/config/host-config.js';
import { connectionId } from '../../src/daemon/flows/connection-id.js';
import { VmDirectory } from '../../src/daemon/flows/vm-directory.js';

function vm(name: string, vni: number, address: string): VmConfig {
  return { name, vni, addresses: [address], tenant: 'red' } as VmConfig;
}

function idOf(self: VmConfig, local: string, remote: string): string {
  const [localAddress, localPort] = local.split(/:(?=\d+$)/) as [string, string];
  const [remoteAddress, remotePort] = remote.split(/:(?=\d+$)/) as [string, string];
  const ends = { localAddress, localPort: Number(localPort), remoteAddress, remotePort: Number(remotePort) };
  // Each host knows its own VMs only.
  return connectionId(self, ends, new VmDirectory([self]));
}

test('two hosts give the two ends of a connection the same name, whichever is which', () => {
  for (const [one, two] of [
    ['10.0.0.1', '10.0.0.2'],
    ['fd00::2', 'fd00::1'],
  ] as const) {
    const [client, service] = [vm('one', 100, one), vm('two', 100, two)];
    assert.equal(idOf(client, `${one}:50000`, `${two}:80`), idOf(service, `${two}:80`, `${one}:50000`));
  }
});

test('another port, another network, or an address that is no VM’s own is another connection', () => {
  const one = vm('one', 100, '10.0.0.1');
  const ids = [
    idOf(one, '10.0.0.1:50000', '10.0.0.2:80'),
    idOf(one, '10.0.0.1:50001', '10.0.0.2:80'),
    idOf(vm('blue', 200, '10.0.0.1'), '10.0.0.1:50000', '10.0.0.2:80'),
    idOf(one, '127.0.0.1:50000', '127.0.0.1:80'),
    idOf(vm('two', 100, '10.0.0.2'), '127.0.0.1:50000', '127.0.0.1:80'),
    // A guest that takes another one’s address is not taken for it.
    idOf(vm('thief', 100, '10.0.0.9'), '10.0.0.1:50000', '10.0.0.2:80'),
  ];
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(idOf(one, '127.0.0.1:50000', '127.0.0.1:80'), idOf(one, '127.0.0.1:80', '127.0.0.1:50000'));
});
