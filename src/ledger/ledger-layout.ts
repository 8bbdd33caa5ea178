/**
 * The ledger: what vsockd must not forget when it is killed, in a file on tmpfs that the data plane maps and
 * writes in place, so that every store is there for its successor. Readers map it too. Little-endian.
 */
export const ledgerMagic = 0x474c5356;
export const ledgerVersion = 1;
export const vmCapacity = 1024;
export const recordCapacity = 32_768;
export const vmBytes = 128;
export const recordBytes = 256;
export const vmsOffset = 4096;
export const recordsOffset = vmsOffset + vmCapacity * vmBytes;
export const ledgerBytes = recordsOffset + recordCapacity * recordBytes;

/** Offsets in a VM’s entry. `ended…` are the ring bytes of flows that are gone. */
export const vmField = { name: 0, nameBytes: 64, endedTx: 64, endedRx: 72, processes: 80 } as const;

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
  /** f64: bytes on TCP before this end’s sender went to the ring, told to the other end once; -1: not yet. */
  start: 136,
  /** u32 1: the other end’s stream is over, and this end was told where. */
  final: 144,
  /** u32 1: this end’s socket is closed. */
  closed: 148,
  /** f64: totals that the VM’s entry gets when the record is folded into it, so that folding twice is folding once. */
  foldTx: 152,
  foldRx: 160,
} as const;

export const recordState = { empty: 0, waiting: 1, open: 2, reset: 3, folding: 4 } as const;

/** Order is the number in the file: only append. */
export const ledgerReasons = [
  null,
  'peer-without-vsocket',
  'remote-host',
  'refused',
  'same-vm',
  'not-a-vm',
] as const;
export type LedgerReason = (typeof ledgerReasons)[number];
