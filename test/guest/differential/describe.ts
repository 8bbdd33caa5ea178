import { constants } from 'node:os';
import * as known from './constants.js';
import { roleNames, sideNames, type CallName, type Outcome, type Program, type Step } from './program.js';

type Names = Readonly<Record<string, number>>;

/** How each argument of a call is shown. */
const shown = {
  handle: (value: number) => `h${value}`,
  number: (value: number) => String(value),
  length: (value: number) => `${value} bytes`,
  parts: (value: number) => `${value} parts`,
  flags: (value: number) => named(known.message, value),
  events: (value: number) => named(known.events, value),
  pointer: (value: number) => (value === 0 ? '' : `pointer ${exact(known.pointer, value)}`),
  control: (value: number) => ['', 'with control', 'short control', 'bad parts', 'null message'][value] ?? '',
  timeout: (value: number) => `${value} ms`,
  operation: (value: number) => exact(known.epollOperation, value),
  splice: (value: number) => named(known.splice, value),
  command: (value: number) => exact(known.fcntl, value),
  request: (value: number) => exact(known.ioctl, value),
  how: (value: number) => exact(known.how, value),
  level: (value: number) => exact(known.level, value),
  option: (value: number, level = 0) =>
    exact(level === known.level.SOL_TCP ? known.tcpOption : known.socketOption, value),
  role: (value: number) => roleNames[value] ?? String(value),
} as const;
type Shape = readonly (keyof typeof shown)[];

const transfer: Shape = ['handle', 'length', 'flags', 'parts', 'pointer', 'control'];
const simple: Shape = ['handle', 'length'];
const polled: Shape = ['timeout', 'handle', 'events', 'handle', 'events', 'handle', 'events'];
const waited: Shape = ['handle', 'number', 'timeout'];
const copied: Shape = ['handle', 'handle', 'command', 'number'];

const shapes: Partial<Record<CallName, Shape>> = {
  splice_in: ['handle', 'length', 'splice', 'number'],
  splice_out: ['handle', 'length', 'splice'],
  dprintf: simple,
  fread: simple,
  fwrite: simple,
  poll: polled,
  ppoll: polled,
  select: polled,
  pselect: polled,
  epoll_wait: waited,
  epoll_pwait: waited,
  epoll_pwait2: waited,
  epoll_create: ['handle', 'number'],
  epoll_ctl: ['handle', 'operation', 'handle', 'events', 'number', 'pointer'],
  dup: ['handle', 'handle'],
  dup2: ['handle', 'handle'],
  dup3: ['handle', 'handle', 'number'],
  fcntl_dup: copied,
  dup_onto: ['handle', 'handle', 'number'],
  fcntl: ['handle', 'command', 'number'],
  ioctl_get: ['handle', 'request'],
  ioctl_set: ['handle', 'request', 'number'],
  set_option: ['handle', 'level', 'option', 'number'],
  get_option: ['handle', 'level', 'option'],
  set_linger: ['handle', 'number', 'number'],
  set_timeout: ['handle', 'option', 'timeout'],
  shutdown: ['handle', 'how'],
  thread: ['role'],
  fork: ['role'],
  take: ['number', 'handle'],
  restart_calls: ['number'],
};
const transfers = new Set<CallName>([
  ...(['read', 'recv', 'recvfrom', 'readv', 'recvmsg', 'recvmmsg', 'preadv2'] as const),
  ...(['write', 'send', 'sendto', 'writev', 'sendmsg', 'sendmmsg', 'pwritev2', 'sendfile'] as const),
]);

function named(names: Names, value: number): string {
  const set = Object.entries(names).filter(([, bit]) => (value & bit) !== 0);
  const rest = set.reduce((left, [, bit]) => left & ~bit, value);
  return [...set.map(([name]) => name), ...(rest === 0 && set.length > 0 ? [] : [String(rest)])].join('|');
}

function exact(names: Names, value: number): string {
  return Object.entries(names).find(([, number]) => number === value)?.[0] ?? String(value);
}

export function describeStep({ side, role, call, arguments: values }: Step): string {
  const shape = shapes[call] ?? (transfers.has(call) ? transfer : ['handle', 'number', 'number']);
  const end = values.indexOf(-1, 1); // no further descriptor
  const texts = values
    .slice(0, shape === polled && end >= 0 ? end : undefined)
    .map((value, at) => shown[shape[at] ?? 'number'](value, values[at - 1]));
  return `${sideNames[side]} ${roleNames[role]}: ${call}(${texts.filter((text) => text !== '').join(', ')})`;
}

const errorNames = new Map<number, string>(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
);

export function describeOutcome(outcome: Outcome): string {
  const { status, endedWith, value, error, brokenPipes, notes, late } = outcome;
  const result = [
    error !== 0 ? `${value} ${errorNames.get(error) ?? error}` : String(value),
    notes.length > 0 ? `[${notes.join(' ')}]` : '',
    brokenPipes > 0 ? `SIGPIPE` : '',
    late > 0 ? `(asked ${late + 1} times)` : '',
  ].filter((text) => text !== '');
  const unsettled = outcome.unsettled ? ' (not settled)' : '';
  if (status === 'done') return result.join(' ') + unsettled;
  if (status === 'blocked')
    return (endedWith < 0 ? 'blocks' : `blocks until step ${endedWith}: ${result.join(' ')}`) + unsettled;
  return status + (status === 'died' ? ` with status ${value}` : '') + unsettled;
}

/** A program and what came of it, without the steps that it could not make. */
export function describePlay(
  program: Program,
  plain: readonly Outcome[],
  other: readonly Outcome[] | null,
): string {
  const lines = [
    program.inRings ? 'connection in rings before the first step' : 'connection on TCP at the first step',
  ];
  for (const [index, step] of program.steps.entries()) {
    const expected = plain[index]!;
    const got = other?.[index];
    const told = describeOutcome(expected);
    const toldOther = got ? describeOutcome(got) : told;
    if (expected.status === 'skipped' || expected.status === 'not run') continue;
    lines.push(`${String(index).padStart(3)}  ${describeStep(step)}`);
    lines.push(told === toldOther ? `       = ${told}` : `       plain ${told}\n       lib   ${toldOther}`);
  }
  return lines.join('\n');
}
