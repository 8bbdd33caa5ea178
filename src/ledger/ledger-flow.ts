import type { GuestReason } from '../channel/guest-reasons.js';
import type { BudgetName, LedgerPath, LinkState } from './ledger-layout.js';

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
  path: LedgerPath;
  /** A code of api/flow.ts: why it is on tcp, or why it does not move; null where there is nothing to say. */
  reason: string | null;
  remoteVm: string | null;
  /** The other end’s host, where it is not this one. */
  remoteHost: string | null;
  /** Number of the queue pair that carries it. */
  queuePair: number | null;
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
  budgets: LedgerBudget[];
}

/** Something that a VM makes the data plane do, and how much of it it may. */
export interface LedgerBudget {
  name: BudgetName;
  used: number;
  limit: number;
  /** How often it was used up. */
  exceeded: number;
}

/** The link to another host as the data plane has it. */
export interface LedgerLink {
  host: string;
  state: LinkState;
  path: LedgerPath;
  /** Unix time in milliseconds. */
  since: number;
  reason: string | null;
  device: string | null;
  /** When the queue pairs’ bytes were counted, in milliseconds of CLOCK_MONOTONIC. */
  countedAt: number;
  queuePairs: { number: number; remoteNumber: number; txBytes: number; rxBytes: number }[];
}

/** What a guest’s library says of a connection that it has not claimed. */
export type ConnectionNote = GuestReason;

export interface LedgerReader {
  flows(): LedgerFlow[];
  vms(): LedgerVm[];
  links(): LedgerLink[];
  /** What libvsocket noted of a connection that it has not claimed; null: nothing (no-library). */
  note(vm: string, cookie: bigint): ConnectionNote | null;
  /** False: another file is in its place, or none. */
  readonly isThere: boolean;
  close(): void;
}
