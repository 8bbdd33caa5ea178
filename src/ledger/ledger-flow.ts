/**
 * What the data plane knows of one flow end that a guest claimed and vsockd checked.
 * Bytes on TCP are the kernel’s to count (sock_diag); these are the ring’s, so the sum of both is exact.
 */
export interface LedgerFlow {
  vm: string;
  /** SO_COOKIE of the guest’s socket: names the connection for its whole life, in every process that has it. */
  cookie: bigint;
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
  direction: 'in' | 'out';
  /** `waiting`: claimed, on TCP; `open`: rings laid; `closing`: one end gone, the rest is being drained; `reset`: killed. */
  state: 'waiting' | 'open' | 'closing' | 'reset';
  path: 'tcp' | 'shm';
  /** A code of api/flow.ts, null on a fast path. */
  reason: string | null;
  remoteVm: string | null;
  ringTxBytes: number;
  ringRxBytes: number;
  /** Unix time in milliseconds. */
  claimedAt: number;
  program: string;
  pid: number;
}

/** Totals of one VM over all its flows, the ended ones too. */
export interface LedgerVm {
  name: string;
  ringTxBytes: number;
  ringRxBytes: number;
  processes: number;
}

/** Codes of api/flow.ts. */
export type ConnectionNote = 'short' | 'no-room' | 'not-carried';

export interface LedgerReader {
  flows(): LedgerFlow[];
  vms(): LedgerVm[];
  /** What libvsocket noted of a connection that it has not claimed; null: nothing (no-library). */
  note(vm: string, cookie: bigint): ConnectionNote | null;
  close(): void;
}
