import type { VmConfig } from '../../config/host-config.js';
import type { KernelSocket } from '../observer/kernel-socket.js';
import type { VmDirectory } from './vm-directory.js';

type Ends = Pick<KernelSocket, 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>;

/**
 * Each end’s host makes it of what both know: the network and the two places, in an order of their own. In a network an
 * address is one VM’s. Where it is not this VM’s (loopback, or one that the guest gave itself) the VM’s name is in it.
 */
export function connectionId(vm: VmConfig, ends: Ends, directory: VmDirectory): string {
  const places = [place(ends.localAddress, ends.localPort), place(ends.remoteAddress, ends.remotePort)];
  const own = directory.withAddress(vm.vni, ends.localAddress) === vm ? '' : `${vm.name}/`;
  return `${vm.vni}/${own}${places.sort().join('-')}`;
}

function place(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
