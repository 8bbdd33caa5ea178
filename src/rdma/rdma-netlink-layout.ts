/**
 * RDMA netlink, as of rdma/rdma_netlink.h and linux/netlink.h; the names are the header’s. A test compares the
 * numbers with the installed header.
 */

/** NETLINK_RDMA */
export const netlinkRdma = 20;

/** RDMA_NLDEV_CMD_*: what a message asks for */
export const nldevCommand = {
  get: 1,
  portGet: 5,
  resGet: 9,
  resQpGet: 10,
  resCmIdGet: 11,
  resCqGet: 12,
  resMrGet: 13,
  resPdGet: 14,
  getChardev: 15,
  statGet: 17,
} as const;

/** RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, command) */
export function nldevType(command: number): number {
  return (5 << 10) + command;
}

/** RDMA_NLDEV_ATTR_* */
export const nldevAttribute = {
  devIndex: 1,
  devName: 2,
  portIndex: 3,
  fwVersion: 5,
  nodeGuid: 6,
  sysImageGuid: 7,
  subnetPrefix: 8,
  lid: 9,
  portState: 12,
  portPhysState: 13,
  resSummary: 15,
  resSummaryEntry: 16,
  resSummaryEntryName: 17,
  resSummaryEntryCurr: 18,
  resQp: 19,
  resQpEntry: 20,
  resLqpn: 21,
  resRqpn: 22,
  resRqPsn: 23,
  resSqPsn: 24,
  resPathMigState: 25,
  resType: 26,
  resState: 27,
  resPid: 28,
  resKernName: 29,
  resCmId: 30,
  resCmIdEntry: 31,
  resPs: 32,
  resSrcAddr: 33,
  resDstAddr: 34,
  resCq: 35,
  resCqEntry: 36,
  resCqe: 37,
  resUsecnt: 38,
  resPollCtx: 39,
  resMr: 40,
  resMrEntry: 41,
  resMrlen: 45,
  resPd: 46,
  resPdEntry: 47,
  ndevIndex: 50,
  ndevName: 51,
  resPdn: 60,
  resCqn: 61,
  resMrn: 62,
  resCmIdn: 63,
  resCtxn: 64,
  devProtocol: 67,
  chardevType: 69,
  uverbsDriverId: 73,
  statRes: 75,
  statCounter: 77,
  statCounterEntry: 78,
  statCounterId: 79,
  statHwcounters: 80,
  statHwcounterEntry: 81,
  statHwcounterEntryName: 82,
  statHwcounterEntryValue: 83,
  devDim: 84,
} as const;
