import type { Transport } from './transport.js';

/** What a workload needs of the machines it is measured on. */
export interface Vms {
  /** How long a run lasts; those that count requests have as many as take about as long. */
  readonly runMilliseconds: number;
  /** What comes before it, as long as a connection may take to leave TCP. */
  readonly warmUpMilliseconds: number;
  /** Address of the side that serves, as the side that asks reaches it. */
  serverAddress(transport: Transport): string;
  /** A port that no earlier run used: its connections may still be in TIME_WAIT. */
  freshPort(): string;
  /** Runs a program on the asking side to its end. @returns its stdout */
  ask(command: readonly string[], transport: Transport): Promise<string>;
  /** Starts a program on one of the sides; returns once its stdout has matched `ready`. */
  start(role: Role, command: readonly string[], ready: RegExp, transport: Transport): Promise<Started>;
  /** Watches what carries the bytes from now on. @returns what says why they did not go as they should, or null */
  watch(transport: Transport): Promise<() => Promise<string | null>>;
}

/** VMs of one host, whose vsockd can be seen from outside. */
export interface VmsOfOneHost extends Vms {
  /** Processor time that the host’s vsockd has used so far, all its processes, in seconds. */
  vsockdSeconds(): Promise<number>;
}

export type Role = 'asking' | 'serving';

export interface Started {
  /** Ends its input; a program that does not end by that is terminated. */
  stop(): Promise<void>;
}
