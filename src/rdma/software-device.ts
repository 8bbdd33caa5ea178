import { isSoftwareDriver } from './drivers.js';
import { RdmaNetlink } from './rdma-netlink.js';

/** The driver of a device that is software; null where the device is hardware, or the kernel does not tell. */
export function softwareDriverOf(deviceIndex: number): string | null {
  const netlink = RdmaNetlink.open();
  if (netlink === null) return null;
  try {
    const driver = netlink.driver({ index: deviceIndex });
    return isSoftwareDriver(driver) ? driver : null;
  } finally {
    netlink.close();
  }
}
