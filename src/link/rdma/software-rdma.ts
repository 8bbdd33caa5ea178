const mark = 'software-rdma: ';

/** Why a device is left alone that is only software. The first word is told to the other host, too, and is the flows’ reason. */
export function softwareReason(device: string, driver: string): string {
  return `${mark}${device} is the kernel’s software (${driver}), and link.rdma.software is off`;
}

/** Whether a host lacks RDMA for no other reason. */
export function isSoftwareReason(reason: string | null): boolean {
  return reason?.startsWith(mark) === true;
}
