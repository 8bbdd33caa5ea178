import type { Device } from '../api/device.js';
import type { DeviceInventory, PortDetails } from './device-inventory.js';
import type { KernelDevice, KernelPort } from './parse-links.js';
import type { KernelRow } from './parse-resources.js';
import type { RdmaNetlink } from './rdma-netlink.js';

export type KernelLink = Omit<KernelRow<Device>, 'reason'>;

/** Every port of every device: what netlink tells, and what libibverbs knows besides. */
export async function readLinks(netlink: RdmaNetlink, inventory: DeviceInventory): Promise<KernelLink[]> {
  const links: KernelLink[] = [];
  for (const device of await netlink.devices()) {
    // First, because libibverbs has a context of the device while it is asked.
    const inUse = netlink.inUse(device);
    const driver = netlink.driver(device);
    const known = inventory.details(device.name);
    for (const port of await netlink.ports(device)) {
      const details = known?.ports.find((candidate) => candidate.port === port.port) ?? null;
      links.push({ ...describe(device, port, details), driver, limits: known?.limits ?? null, inUse });
    }
  }
  return links;
}

function describe(
  device: KernelDevice,
  port: KernelPort,
  details: PortDetails | null,
): Omit<KernelLink, 'driver' | 'limits' | 'inUse'> {
  return {
    id: `${device.name}/${port.port}`,
    device: device.name,
    port: port.port,
    state: port.state,
    physicalState: port.physicalState,
    protocol: device.protocol,
    linkLayer: details?.linkLayer ?? null,
    netdev: port.netdev,
    rateBitsPerSecond: details?.rateBitsPerSecond ?? null,
    activeMtuBytes: details?.activeMtuBytes ?? null,
    maximumMtuBytes: details?.maximumMtuBytes ?? null,
    lid: port.lid,
    gids: details?.gids ?? null,
    firmware: device.firmware,
    nodeGuid: device.nodeGuid,
    systemImageGuid: device.systemImageGuid,
  };
}
