import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { compiled } from '../support/compiled.js';
import { testEveryWay } from '../support/every-way.js';
import { Programs } from '../support/programs.js';
import { python } from '../support/python.js';

interface Case {
  /** A program in test/fixtures/cases; what it is about is said there. */
  name: string;
  /** What it must print. */
  server?: string[];
  client?: string[];
  /** What the server prints instead where rings carry the connection: a limit that the README tells of. */
  limit?: string[];
  /** Not used enough to be carried, or on TCP for a reason. */
  cold?: boolean;
  /** Why it says nothing of the library where that has a sanitizer in it. */
  notSanitized?: 'it limits its memory' | 'cancelling a thread leaves marks on its stack';
  /** The kernel must be as new as this. */
  linux?: [major: number, minor: number];
}

const cases: Case[] = [
  // One connection with several descriptors or processes before the claim.
  { name: 'dup_before.py', client: ['100 answers'], cold: true },
  { name: 'dup_moves.py', client: ['60 answers'], cold: true },
  { name: 'fork_before.py', client: ['the child read 15000'], cold: true },
  // epoll.
  { name: 'epoll_copy.py', server: ['before []', "events [(True, 'IN')]", "received b'bytes'"] },
  { name: 'epoll_in_child.py', server: ['before []', "events [(True, 'IN')]", "received b'bytes'"] },
  { name: 'epoll_strangers.py', client: ['events of strangers: []'], cold: true },
  { name: 'epoll_without_host.py', client: ['before []', 'after [[], [], [], [], []]'] },
  {
    name: 'epoll_many.py',
    server: ['before [] True', 'told 60', 'nested 12', "received b'bytes'"],
  },
  { name: 'one_shot.py', server: ['told 72 again 0'], cold: true },
  { name: 'short_write.py', server: ['received all True'], client: ['sent all'] },
  {
    name: 'hang_up.py',
    server: [
      "epoll RDHUP ['RDHUP']",
      "poll IN, RDHUP ['IN|RDHUP']",
      "after the own end ['HUP']",
      'bytes 100',
    ],
  },
  { name: 'high_descriptor.py', server: ['select 1', "it is [23] b'bytes'"] },
  // Threads.
  { name: 'closed_while_waiting.py', server: ["received b'part part '"], client: ["then b''"] },
  // System calls that the program did not make.
  {
    name: 'seccomp.c',
    server: ['ended by itself', 'ended by itself'],
    client: ['5 answers of 5', '5 answers of 5'],
  },
  {
    name: 'many_parts.py',
    client: ['cold,', 'warm,'].flatMap((when) => [
      `${when} 1500 parts: EMSGSIZE`,
      `${when} full: EAGAIN`,
      `${when} then: ['ECONNRESET', 'EPIPE']`,
    ]),
  },
  // Past the library.
  { name: 'dprintf.py', server: ["received b'one two three four '"] },
  { name: 'stdio.py', server: ["read b'hello\\n'"], client: ["received b'one two three four '"] },
  { name: 'child_with_stdio.py', client: ["received b'HEAD hello\\nmiddle and\\nTAIL\\n'"] },
  { name: 'ended_before.py', server: ["read b'hello'"], limit: ['ConnectionResetError'] },
  { name: 'closed_by_parent.py', client: ['echoed 50', "then b''"] },
  { name: 'clean_child.py', client: ['echoed 50', "then b''"] },
  { name: 'positioned.py', server: ['preadv2 50', 'pwritev2 4'], client: ["received b'pingponglast'"] },
  // splice.
  {
    name: 'splice_to_full.py',
    server: ['received right True'],
    client: ['what was not sent is in the pipe True'],
  },
  { name: 'splice_to_slots.py', server: ['all returned, some with bytes: True'] },
  // Flags and options.
  {
    name: 'truncated.py',
    server: ["with a buffer 10 b'----------'", 'without 50', `the rest b'${'b'.repeat(40)}'`],
  },
  { name: 'low_water.py', server: ['poll with 10 of 100 bytes 0', 'poll with all 1', 'recv 100'] },
  { name: 'disconnected.py', server: ['ECONNRESET'], client: ['connect 0', "again b'bytes'"] },
  { name: 'user_timeout.py', client: ['ETIMEDOUT'] },
  { name: 'io_signal.py', server: ['signal True', "received b'bytes'"] },
  { name: 'zero_copy.py', server: ['received 20000'], client: ['sent 20000', "events ['ERR']", 'told True'] },
  { name: 'control_messages.py', server: ['10 bytes, with [(1, 35), (6, 36)]', 'left 40'] },
  { name: 'lingering.py', client: ['close waited True'] },
  { name: 'peek_offset.py', server: ["b'abc' b'def'"], linux: [6, 9] },
  // Threads, signals, bad pointers, memory, names.
  {
    name: 'cancelled.c',
    client: ['recv: cancelled', 'asked: 1', 'send: cancelled', 'sent some: 1, then received: 1'],
    notSanitized: 'cancelling a thread leaves marks on its stack',
  },
  { name: 'interrupted.c', client: ['siginterrupt: EINTR', 'sysv_signal: EINTR', 'SA_RESETHAND: EINTR'] },
  {
    name: 'bad_buffer.py',
    server: [...['recv', 'send', 'read', 'write'].map((call) => `${call} EFAULT`), "received b'bytes'"],
  },
  { name: 'bad_arguments.py', client: ['done'] },
  {
    name: 'address_limit.py',
    server: ['allocated', 'echoed'],
    cold: true,
    notSanitized: 'it limits its memory',
  },
  {
    name: 'own_names.c',
    server: ['warm: 1, calls of mine: 0, 0'],
    client: ['warm: 1, calls of mine: 0, 0'],
  },
];

let programs: Programs;
before(async () => void (programs = await Programs.start()));
after(() => programs.close());

function command(name: string): string[] {
  if (name.endsWith('.c')) return [compiled(`cases/${name}`)];
  return [python, '-BES', new URL(`../../../test/fixtures/cases/${name}`, import.meta.url).pathname];
}

const [major = 0, minor = 0] = release().split('.').map(Number);

for (const {
  name,
  server = [],
  client = [],
  limit,
  cold = false,
  notSanitized,
  linux: [newMajor, newMinor] = [0, 0],
} of cases) {
  if (notSanitized !== undefined && process.env['VSOCKET_TEST_PRELOAD'] !== undefined) continue;
  if (major < newMajor || (major === newMajor && minor < newMinor)) continue;
  testEveryWay(name, () => programs, {
    carried: !cold,
    check: async (way) => {
      const directory = mkdtempSync(join(tmpdir(), 'vsocket-case-'));
      const end = (vm: string, role: string) => {
        const more = [role, directory, `${programs.guests.dataPlanePid()}`, `${way === 'both' && !cold}`];
        return programs.run(vm, [...command(name), ...more], way);
      };
      try {
        const outcomes = await Promise.all([end('b', 'server'), end('a', 'client')]);
        const right = [way === 'both' ? (limit ?? server) : server, client].map((lines) => ({
          code: 0,
          output: lines.map((line) => `${line}\n`).join(''),
        }));
        assert.deepEqual(outcomes, right);
      } finally {
        rmSync(directory, { recursive: true });
        if (programs.guests.dataPlanePid() === undefined) await programs.guests.startDataPlane();
      }
    },
  });
}
