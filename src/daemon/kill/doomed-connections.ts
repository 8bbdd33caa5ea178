import { isIPv4 } from 'node:net';
import type { HostConfig, VmConfig } from '../../config/host-config.js';
import { parseAddress } from '../../ledger/address.js';
import type { VmDirectory } from '../flows/vm-directory.js';
import type { ConnectionEnd, DoomedConnection, Endpoint } from './connection-end.js';
import type { KillTarget } from './flow-killer.js';

/** A locally administered address of nobody’s, shown where the peer’s is not known. */
const nobodysMac = parseMac('02:00:00:00:00:01');

/**
 * The connections under some flows, each once though both of its ends may be asked for. A connection within one VM
 * has no end that a host’s interface leads to, so it is left out.
 */
export function doomedConnections(
  targets: readonly KillTarget[],
  directory: VmDirectory,
  bridges: HostConfig['bridges'],
): DoomedConnection[] {
  const doomed = new Map<string, DoomedConnection>();
  for (const { flow } of targets) {
    const vm = directory.named(flow.vm)!;
    const peerVm = directory.withAddress(flow.vni, flow.remoteAddress);
    if (peerVm === vm || directory.withAddress(flow.vni, flow.localAddress) !== vm) continue;
    const local = endpoint(flow.localAddress, flow.localPort);
    const remote = endpoint(flow.remoteAddress, flow.remotePort);
    const near = endOf(vm, local, remote, peerVm);
    const far = peerVm ? endOf(peerVm, remote, local, vm) : farEnd(flow.vni, remote, local, vm, bridges);
    const names = [`${flow.localAddress} ${flow.localPort}`, `${flow.remoteAddress} ${flow.remotePort}`];
    const key = `${flow.vni} ${names.sort().join(' ')}`;
    doomed.set(key, { key, ends: far ? [near, far] : [near] });
  }
  return [...doomed.values()];
}

function endOf(vm: VmConfig, here: Endpoint, peer: Endpoint, peerVm: VmConfig | undefined): ConnectionEnd {
  const peerMac = peerVm ? parseMac(peerVm.mac) : nobodysMac;
  return { device: vm.interface, mac: parseMac(vm.mac), peerMac, here, peer };
}

function farEnd(
  vni: number,
  here: Endpoint,
  peer: Endpoint,
  vm: VmConfig,
  bridges: HostConfig['bridges'],
): ConnectionEnd | null {
  const bridge = bridges.find((candidate) => candidate.vni === vni);
  return bridge ? { device: bridge.vxlan, mac: null, peerMac: parseMac(vm.mac), here, peer } : null;
}

function endpoint(address: string, port: number): Endpoint {
  const bytes = Buffer.from(parseAddress(address));
  return { address: isIPv4(address) ? bytes.subarray(12) : bytes, port };
}

function parseMac(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}
