import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { VsocketError } from '../../errors/vsocket-error.js';

/** What a hypervisor of the lab needs; what these depend on comes along. Nothing can be loaded later. */
export const wantedModules: readonly string[] = [
  // The machine itself: devices, and the file system it shares with the machine outside.
  ...['virtio_pci', 'virtio_net', 'virtio_rng', '9pnet_virtio', '9p', 'overlay'],
  // RDMA. rdma_rxe asks for crc32 by name, so it does not depend on it for depmod.
  ...['ib_core', 'ib_uverbs', 'rdma_cm', 'rdma_ucm', 'crc32_generic', 'rdma_rxe', 'smc', 'smc_diag'],
  // VMs and overlay.
  ...['bridge', 'veth', 'vxlan', 'tun', 'dummy', 'sch_netem'],
  // The firewall, vsockd’s kill, and vsockd’s look at the kernel’s sockets. nf_tables asks for crc32c by name.
  ...[
    'crc32c_generic',
    'nf_tables',
    'nft_ct',
    'nft_objref',
    'nft_reject_inet',
    'nft_meta_bridge',
    'nf_conntrack',
    'inet_diag',
    'tcp_diag',
  ],
];

/** Paths below `directory` of the wanted modules and all they depend on, in an order in which they load. */
export function modulesInOrder(directory: string): string[] {
  const dependencies = readDependencies(directory);
  const builtIn = readNames(join(directory, 'modules.builtin'));
  const paths = new Map([...dependencies.keys()].map((path) => [moduleName(path), path]));
  const ordered = new Set<string>();
  for (const name of wantedModules) {
    const path = paths.get(name);
    if (path !== undefined) {
      // modules.dep lists what a module needs with the deepest last.
      for (const needed of [...(dependencies.get(path) ?? [])].reverse()) ordered.add(needed);
      ordered.add(path);
    } else if (!builtIn.has(name)) {
      throw new VsocketError('no-such-module', `the kernel in ${directory} has no module ${name}`);
    }
  }
  return [...ordered];
}

/** The kernel writes `-` and `_` alike. */
const moduleName = (path: string): string =>
  basename(path)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');

function readDependencies(directory: string): Map<string, string[]> {
  const lines = readFileSync(join(directory, 'modules.dep'), 'utf8').trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [path = '', needed = ''] = line.split(':');
      return [path, needed.trim().split(' ').filter(Boolean)];
    }),
  );
}

function readNames(file: string): Set<string> {
  if (!existsSync(file)) return new Set();
  return new Set(readFileSync(file, 'utf8').trim().split('\n').map(moduleName));
}
