import type { Device } from '../../api/device.js';

/** How long a device that went away is still shown. */
const shownMilliseconds = 60_000;

/** Remembers the devices that were seen last, so that one that goes away is seen going. */
export class DeviceHistory {
  readonly #seen = new Map<string, { device: Device; at: number }>();

  /** @param now a monotonic clock in milliseconds. @returns the devices, and those that are gone since lately */
  update(devices: readonly Device[], now: number): Device[] {
    for (const device of devices) this.#seen.set(device.id, { device, at: now });
    const gone: Device[] = [];
    for (const [id, { device, at }] of this.#seen) {
      if (at === now) continue;
      if (now - at > shownMilliseconds) this.#seen.delete(id);
      else gone.push({ ...device, state: 'gone', physicalState: null, inUse: {} });
    }
    return [...devices, ...gone];
  }
}
