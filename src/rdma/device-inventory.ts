import type { DeviceLimits, Gid } from '../api/device.js';

/** What libibverbs knows of a port and netlink does not. */
export interface PortDetails {
  linkLayer: string | null;
  rateBitsPerSecond: number | null;
  activeMtuBytes: number | null;
  maximumMtuBytes: number | null;
  gids: Gid[];
}

/** What libibverbs knows of devices. */
export interface DeviceInventory {
  /** Why it knows nothing; null where it does. */
  readonly reason: string | null;
  /** Null when the device is not there, or no more. */
  limits(device: string): DeviceLimits | null;
  port(device: string, port: number): PortDetails | null;
}

/** Where there is no libibverbs. */
export function noInventory(reason: string): DeviceInventory {
  return { reason, limits: () => null, port: () => null };
}
