/** enum rdma_driver_id of rdma/ib_user_ioctl_verbs.h, spelt as in there without RDMA_DRIVER_; a test compares the numbers. */
export const driverId = {
  mlx5: 1,
  mlx4: 2,
  cxgb3: 3,
  cxgb4: 4,
  mthca: 5,
  bnxt_re: 6,
  ocrdma: 7,
  nes: 8,
  irdma: 9,
  vmw_pvrdma: 10,
  qedr: 11,
  hns: 12,
  usnic: 13,
  rxe: 14,
  hfi1: 15,
  qib: 16,
  efa: 17,
  siw: 18,
  erdma: 19,
} as const;

/** Drivers of devices that are none: the kernel does their work, on a network interface of any kind. */
const software = new Set<string>(['rxe', 'siw']);

export function driverName(id: number | null): string | null {
  if (id === null || id === 0) return null;
  return Object.entries(driverId).find(([, each]) => each === id)?.[0] ?? `driver ${id}`;
}

export function isSoftwareDriver(name: string | null): boolean {
  return name !== null && software.has(name);
}
