/**
 * Where libibverbs keeps what: offsets and sizes in bytes of the structures in infiniband/verbs.h (libibverbs 44; its
 * ABI has kept them since 1.1), on 64-bit Linux. An object is a structure and carries its name; keys are the header’s
 * field names in camel case. test/native/verbs-layout.test.ts compares all of it with the installed header.
 */

export const ibvDevice = { name: 24, devName: 88 } as const;
/** IBV_SYSFS_NAME_MAX */
export const deviceNameBytes = 64;

export const ibvContext = { device: 0, ops: 8, asyncFd: 268 } as const;
/** Pointers to what the header calls inline; offsets within struct ibv_context. */
export const contextOperations = { pollCq: 96, reqNotifyCq: 104, postSend: 208, postRecv: 216 } as const;

export const ibvDeviceAttr = {
  bytes: 232,
  fwVer: 0,
  nodeGuid: 64,
  sysImageGuid: 72,
  maxMrSize: 80,
  vendorId: 96,
  vendorPartId: 100,
  hwVer: 104,
  maxQp: 108,
  maxQpWr: 112,
  maxSge: 120,
  maxSgeRd: 124,
  maxCq: 128,
  maxCqe: 132,
  maxMr: 136,
  maxPd: 140,
  maxQpRdAtom: 144,
  maxQpInitRdAtom: 156,
  maxMw: 176,
  maxAh: 200,
  maxSrq: 212,
  maxSrqWr: 216,
  maxSrqSge: 220,
  maxPkeys: 224,
  physPortCnt: 227,
} as const;
/** sizeof ibv_device_attr.fw_ver */
export const firmwareTextBytes = 64;

export const ibvPortAttr = {
  bytes: 52,
  state: 0,
  maxMtu: 4,
  activeMtu: 8,
  gidTblLen: 12,
  maxMsgSz: 20,
  pkeyTblLen: 32,
  lid: 34,
  smLid: 36,
  activeWidth: 43,
  activeSpeed: 44,
  physState: 45,
  linkLayer: 46,
} as const;

export const ibvGidEntry = {
  bytes: 32,
  gid: 0,
  gidIndex: 16,
  portNum: 20,
  gidType: 24,
  ndevIfindex: 28,
} as const;
/** sizeof(union ibv_gid) */
export const gidBytes = 16;

export const ibvAsyncEvent = { bytes: 16, element: 0, eventType: 8 } as const;
export const ibvCompChannel = { fd: 8 } as const;
export const ibvCq = { cqe: 28 } as const;
export const ibvMr = { lkey: 36, rkey: 40 } as const;
export const ibvQp = { qpNum: 52 } as const;

export const ibvWc = {
  bytes: 48,
  wrId: 0,
  status: 8,
  opcode: 12,
  byteLen: 20,
  immData: 24,
  qpNum: 28,
} as const;

export const ibvSendWr = {
  bytes: 128,
  wrId: 0,
  next: 8,
  sgList: 16,
  numSge: 24,
  opcode: 28,
  sendFlags: 32,
  immData: 36,
  /** wr.rdma.remote_addr and wr.rdma.rkey */
  remoteAddr: 40,
  rkey: 48,
} as const;

export const ibvRecvWr = { bytes: 32, wrId: 0, next: 8 } as const;
export const ibvSge = { bytes: 16, addr: 0, length: 8, lkey: 12 } as const;

export const ibvQpCap = {
  bytes: 20,
  maxSendWr: 0,
  maxRecvWr: 4,
  maxSendSge: 8,
  maxRecvSge: 12,
  maxInlineData: 16,
} as const;

export const ibvQpInitAttr = { bytes: 64, sendCq: 8, recvCq: 16, cap: 32, qpType: 52, sqSigAll: 56 } as const;

export const ibvQpAttr = {
  bytes: 144,
  qpState: 0,
  pathMtu: 8,
  rqPsn: 20,
  sqPsn: 24,
  destQpNum: 28,
  qpAccessFlags: 32,
  ahAttr: 56,
  pkeyIndex: 120,
  maxRdAtomic: 126,
  maxDestRdAtomic: 127,
  minRnrTimer: 128,
  portNum: 129,
  timeout: 130,
  retryCnt: 131,
  rnrRetry: 132,
} as const;

export const ibvAhAttr = { grh: 0, dlid: 24, sl: 26, isGlobal: 29, portNum: 30 } as const;
export const ibvGlobalRoute = { dgid: 0, sgidIndex: 20, hopLimit: 21, trafficClass: 22 } as const;

/** enum ibv_qp_type */
export const queuePairTypeRc = 2;

/** enum ibv_qp_state */
export const queuePairState = { reset: 0, init: 1, rtr: 2, rts: 3, err: 6 } as const;

/** enum ibv_wr_opcode */
export const sendOpcode = { rdmaWrite: 0, rdmaWriteWithImm: 1 } as const;

/** enum ibv_qp_attr_mask: which fields of ibv_qp_attr a call means. */
export const attributeMask = {
  state: 1 << 0,
  accessFlags: 1 << 3,
  pkeyIndex: 1 << 4,
  port: 1 << 5,
  av: 1 << 7,
  pathMtu: 1 << 8,
  timeout: 1 << 9,
  retryCnt: 1 << 10,
  rnrRetry: 1 << 11,
  rqPsn: 1 << 12,
  maxQpRdAtomic: 1 << 13,
  minRnrTimer: 1 << 15,
  sqPsn: 1 << 16,
  maxDestRdAtomic: 1 << 17,
  destQpn: 1 << 20,
} as const;
