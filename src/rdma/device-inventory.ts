import type { DeviceLimits, Gid } from '../api/device.js';

/** What libibverbs knows of a port and netlink does not. */
export interface PortDetails {
  port: number;
  linkLayer: string;
  rateBitsPerSecond: number | null;
  activeMtuBytes: number | null;
  maximumMtuBytes: number | null;
  gids: Gid[];
}

export interface DeviceDetails {
  limits: DeviceLimits;
  ports: PortDetails[];
}

/** What is known of devices besides what netlink tells. */
export interface DeviceInventory {
  /** Null when nothing is known of it, or it is not there any more. */
  details(device: string): DeviceDetails | null;
  /** Why nothing is known of devices that are there; null where it is. */
  reason(): string | null;
}
