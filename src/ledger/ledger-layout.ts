import { guestReasons } from '../channel/guest-reasons.js';

/**
 * The ledger: what vsockd must not forget when it is killed, in a file on tmpfs that the data plane maps and
 * writes in place, so that every store is there for its successor. Readers map it too. Little-endian.
 */
export const ledgerMagic = 0x474c5356;
export const ledgerVersion = 4;
export const vmCapacity = 1024;
export const recordCapacity = 32_768;
export const vmBytes = 128;
export const recordBytes = 256;
export const vmsOffset = 4096;
export const linkCapacity = 256;
export const linkBytes = 512;
export const linksOffset = vmsOffset + vmCapacity * vmBytes;
export const recordsOffset = linksOffset + linkCapacity * linkBytes;
/** What each VM makes the data plane do. Behind all else, so that a ledger of before is good as it is. */
export const usageOffset = recordsOffset + recordCapacity * recordBytes;
export const usageBytes = 128;
export const ledgerBytes = usageOffset + vmCapacity * usageBytes;

/** Offsets in a VM’s entry. `ended…` are the ring bytes of flows that are gone. */
export const vmField = { name: 0, nameBytes: 64, endedTx: 64, endedRx: 72, processes: 80 } as const;

/** Order is the place in the file. */
export const budgetNames = ['looks', 'claims', 'connects', 'bells', 'logLines', 'connections'] as const;
export type BudgetName = (typeof budgetNames)[number];

/** In a VM’s usage, of each budget three u32. */
export const budgetField = { used: 0, limit: 4, exceeded: 8, bytes: 12 } as const;

/** Offsets in a flow end’s record. */
export const recordField = {
  state: 0,
  vm: 4,
  slot: 8,
  generation: 12,
  cookie: 16,
  direction: 24,
  reason: 28,
  pid: 32,
  /** Index of the other end’s record + 1; 0: none. */
  peer: 36,
  localPort: 40,
  remotePort: 44,
  localAddress: 48,
  remoteAddress: 64,
  claimedAt: 80,
  program: 88,
  programBytes: 32,
  /** f64: ring bytes that this end sent and that are in the other end’s ring. The only truth for that direction. */
  sent: 120,
  /** f64: ring bytes that were put into this end’s ring. */
  received: 128,
  /** f64: bytes on TCP before this end’s sender went to the ring, the last time it did; told to the other end once. */
  start: 136,
  /** u32 1: the other end’s stream is over, and this end was told where. */
  final: 144,
  /** u32 1: this end’s socket is closed. */
  closed: 148,
  /** f64: totals that the VM’s entry gets when the record is folded into it, so that folding twice is folding once. */
  foldTx: 152,
  foldRx: 160,
  /** Index in `ledgerPaths`. */
  path: 168,
  /** u32: how often this end’s sender went over to the ring, and back to TCP. */
  starts: 172,
  stops: 176,
  /** Number of the queue pair that carries it; 0: none. */
  queuePair: 180,
  /** f64: ring bytes before this end’s sender went back to TCP, the last time it did. */
  stop: 184,
  /** Where the other end is on another host: index of that host’s link + 1, and its number for its end; 0: none. */
  farHost: 192,
  farHandle: 196,
  /** f64: ring bytes taken before this end’s ring was frozen, plus one; 0: it was not. */
  frozenAt: 200,
  /** u32 1: it is back on TCP for good, `reason` says why. */
  left: 208,
  /** u32: how often it was opened. */
  openings: 212,
} as const;

export const recordState = { empty: 0, waiting: 1, open: 2, reset: 3, folding: 4 } as const;

/** Order is the number in the file: only append, with a new version of the ledger where guests have new reasons. */
export const ledgerReasons = [
  null,
  'peer-without-vsocket',
  'remote-host',
  'refused',
  'same-vm',
  'not-a-vm',
  'link-down',
  'no-rdma',
  'returning',
  ...guestReasons,
  'busy',
  'denied',
] as const;
export type LedgerReason = (typeof ledgerReasons)[number];

/** Order is the number in the file: only append. */
export const ledgerPaths = ['tcp', 'shm', 'rdma', 'link'] as const;
export type LedgerPath = (typeof ledgerPaths)[number];

/** Queue pairs of one link, at most. */
export const linkQueuePairs = 8;

/** Offsets in the entry of a link to another host. */
export const linkField = {
  name: 0,
  nameBytes: 64,
  /** Index in `linkStates`. */
  state: 64,
  /** Index in `ledgerPaths`: what carries flows to that host; `tcp`: nothing does. */
  path: 68,
  /** f64: Unix time in milliseconds at which state and path became what they are. */
  since: 72,
  /** Why it is down, or why there is no RDMA: one line of UTF-8. */
  reason: 80,
  reasonBytes: 160,
  queuePairCount: 240,
  /** u32 pairs: our number, the other host’s. */
  queuePairs: 244,
  device: 312,
  deviceBytes: 32,
  /** f64 for each queue pair: bytes of flows, since the queue pair was made. */
  txBytes: 352,
  rxBytes: 416,
  /** f64: when they were counted, in milliseconds of CLOCK_MONOTONIC. */
  countedAt: 480,
} as const;

export const linkStates = ['down', 'connecting', 'up'] as const;
export type LinkState = (typeof linkStates)[number];
