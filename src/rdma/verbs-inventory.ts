import type { DeviceLimits } from '../api/device.js';
import { SystemCallError } from '../native/libc.js';
import type { Device } from '../native/verbs/device.js';
import type { Port } from '../native/verbs/port.js';
import { RdmaUnavailable } from '../native/verbs/unavailable.js';
import { loadVerbs } from '../native/verbs/verbs.js';
import type { DeviceDetails, DeviceInventory, PortDetails } from './device-inventory.js';

/** What libibverbs knows. A device is open only while it is asked. */
export const verbsInventory: DeviceInventory = {
  details(name) {
    const { verbs } = loadVerbs();
    if (verbs === null) return null;
    try {
      return describe(verbs.queryDevice(name));
    } catch (error) {
      // It went away in between, or may not be opened.
      if (error instanceof RdmaUnavailable || error instanceof SystemCallError) return null;
      throw error;
    }
  },
  reason() {
    const { reason } = loadVerbs();
    return reason === null ? null : `no details: ${reason}`;
  },
};

function describe(device: Device): DeviceDetails {
  return { limits: limits(device), ports: device.ports.map((port) => describePort(device, port)) };
}

function describePort(device: Device, port: Port): PortDetails {
  return {
    port: port.number,
    linkLayer: port.linkLayer,
    rateBitsPerSecond: port.rateBitsPerSecond,
    activeMtuBytes: port.activeMtuBytes,
    maximumMtuBytes: port.maxMtuBytes,
    gids: device.gids
      .filter((gid) => gid.port === port.number)
      .map(({ index, address, type }) => ({ index, gid: address, type })),
  };
}

function limits({ limits: of }: Device): DeviceLimits {
  return {
    queuePairs: of.queuePairs,
    workRequests: of.queuePairRequests,
    scatterEntries: of.scatterEntries,
    completionQueues: of.completionQueues,
    completions: of.completionQueueEntries,
    memoryRegions: of.memoryRegions,
    // Beyond 2^53 (some devices say all ones) the nearest number that JSON can say.
    memoryRegionBytes: Number(of.memoryRegionBytes),
    protectionDomains: of.protectionDomains,
    sharedReceiveQueues: of.sharedReceiveQueues,
  };
}
