/** What a workload needs of the machines it is measured on. */
export interface Vms {
  /** Address of the VM that serves, as the VM that asks reaches it. */
  readonly serverAddress: string;
  /** A port that no earlier run used: its connections may still be in TIME_WAIT. */
  freshPort(): string;
  /** Runs a program in the asking VM to its end. @returns its stdout */
  ask(command: readonly string[], options: RunOptions): Promise<string>;
  /** Starts a program in one of the VMs; returns once its stdout has matched `ready`. */
  start(vm: Role, command: readonly string[], ready: RegExp, options: RunOptions): Promise<Started>;
  /** Processor time that the vsockd of both VMs’ host has used so far, all its processes, in seconds. */
  vsockdSeconds(): Promise<number>;
}

export type Role = 'asking' | 'serving';

export interface RunOptions {
  /** Without the guest library. */
  plain: boolean;
}

export interface Started {
  /** Ends its input; a program that does not end by that is terminated. */
  stop(): Promise<void>;
}
