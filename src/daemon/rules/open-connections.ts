import { isIPv4 } from 'node:net';
import { sides } from '../../rules/nft/live-sets.js';
import type { FlowWatch } from '../flows/flow-watch.js';
import type { VmDirectory } from '../flows/vm-directory.js';
import type { FlowWithConnection } from '../flows/flow-snapshot.js';
import { connectionName, type LiveEnd } from './live-end.js';

/** The connections of the VMs’ own kernels, as the host would remember them. */
export async function openConnections(watch: FlowWatch, vms: readonly string[]): Promise<LiveEnd[]> {
  const snapshot = await watch.newSnapshot();
  return vms.flatMap((vm) => snapshot.ofVm(vm)).map(liveEndOfFlow);
}

/** All that the host may remember of connections, each once: somebody may name both ends of one. */
export function liveEndsOfConnections(
  targets: readonly FlowWithConnection[],
  directory: VmDirectory,
): LiveEnd[] {
  const ends = new Map<string, LiveEnd>();
  for (const end of targets.flatMap((target) => liveEndsOfConnection(target, directory)))
    ends.set(`${connectionName(end)} ${end.side}`, end);
  return [...ends.values()];
}

/** Both ends where both VMs are here, whoever opened it. */
function liveEndsOfConnection(target: FlowWithConnection, directory: VmDirectory): LiveEnd[] {
  const near = liveEndOfFlow(target);
  const { remoteAddress, remotePort, localAddress, localPort } = target.flow;
  const peer = directory.withAddress(target.flow.vni, remoteAddress);
  const far: LiveEnd[] =
    peer === undefined
      ? []
      : [
          {
            ...near,
            vm: peer.name,
            localAddress: remoteAddress,
            localPort: remotePort,
            remoteAddress: localAddress,
            remotePort: localPort,
          },
        ];
  return [near, ...far].flatMap((end) => sides.map((side) => ({ ...end, side })));
}

export function liveEndOfFlow({ flow, connection }: FlowWithConnection): LiveEnd {
  const { socket, direction } = connection;
  return {
    vm: flow.vm,
    kind: 'tcp',
    side: direction,
    family: isIPv4(socket.localAddress) ? 4 : 6,
    localAddress: socket.localAddress,
    localPort: socket.localPort,
    remoteAddress: socket.remoteAddress,
    remotePort: socket.remotePort,
    number: 0,
  };
}
