/** A call that an actor can make; test/fixtures/differential/stage.h has them all. */
export type CallName =
  | 'read'
  | 'recv'
  | 'recvfrom'
  | 'readv'
  | 'recvmsg'
  | 'recvmmsg'
  | 'preadv2'
  | 'splice_in'
  | 'fread'
  | 'write'
  | 'send'
  | 'sendto'
  | 'writev'
  | 'sendmsg'
  | 'sendmmsg'
  | 'pwritev2'
  | 'splice_out'
  | 'sendfile'
  | 'dprintf'
  | 'fwrite'
  | 'poll'
  | 'ppoll'
  | 'select'
  | 'pselect'
  | 'epoll_wait'
  | 'epoll_pwait'
  | 'epoll_pwait2'
  | 'epoll_create'
  | 'epoll_ctl'
  | 'dup'
  | 'dup2'
  | 'dup3'
  | 'fcntl_dup'
  | 'dup_onto'
  | 'close'
  | 'close_range'
  | 'fclose'
  | 'fcntl'
  | 'ioctl_get'
  | 'ioctl_set'
  | 'set_option'
  | 'set_linger'
  | 'set_timeout'
  | 'get_option'
  | 'tcp_state'
  | 'names'
  | 'shutdown'
  | 'unconnect'
  | 'connect_again'
  | 'listen_on_it'
  | 'own_signals'
  | 'pending_signals'
  | 'restart_calls'
  | 'pass'
  | 'take'
  | 'strict_mode'
  | 'thread'
  | 'fork'
  | 'cat'
  | 'exit'
  | 'interrupt';

/** 0: the client, which connects; 1: the server. */
export type Side = 0 | 1;
export const sideNames = ['client', 'server'] as const;

/** Who makes a call: a side’s first thread, two more of its threads, two forked children. */
export const roleNames = ['main', 'thread 1', 'thread 2', 'child 3', 'child 4'] as const;

export interface Step {
  side: Side;
  role: number;
  call: CallName;
  /** Descriptors are places in a table of each process: 0 is the connection, -1 in a place is no descriptor. */
  arguments: readonly number[];
}

export interface Program {
  /** Whether the connection is in rings before the first step; else the steps themselves are its first calls. */
  inRings: boolean;
  steps: readonly Step[];
}

export const statuses = ['done', 'blocked', 'skipped', 'hung', 'died', 'not run'] as const;

/** What came of a step. */
export interface Outcome {
  status: (typeof statuses)[number];
  /** Of a call that blocked: the step that ended it, or -1 when none did. */
  endedWith: number;
  /** Something was on its way for too long. */
  unsettled: boolean;
  value: bigint;
  error: number;
  brokenPipes: number;
  /** How often the call was made again, since it gave nothing yet. */
  late: number;
  notes: readonly number[];
  /** As it came, to be the next run’s expectation. */
  raw: Buffer;
}
