import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLedgerReader } from '../../src/ledger/ledger-reader.js';
import { echoServer } from '../support/echo-server.js';
import { Guests } from '../support/guests.js';
import { outputOf } from '../support/numbered-streams.js';
import { python } from '../support/python.js';
import { spokenLines } from '../support/spoken-lines.js';

const limitMilliseconds = 60_000;

/** The same without a thread of the program in a call that waits for bytes: the kernel has it in epoll. */
const serveByEpoll = `
import select, socket
door = socket.create_server(('0.0.0.0', 5000))
print('ready', flush=True)
s = door.accept()[0]
epoll = select.epoll()
epoll.register(s, select.EPOLLIN)
while epoll.poll():
  if not (data := s.recv(65536)): break
  s.sendall(data)`;

/** Until SIGTERM. Each byte comes back, in order. */
const ask = `
import random, signal, socket
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
s = socket.create_connection(('10.0.0.2', 5000))
random.seed(1)
sent = 0
while not ended:
  size = random.choice([1, 10, 100, 3000])
  message = bytes((sent + k) * 7 % 251 for k in range(size))
  s.sendall(message)
  answer = b''
  while len(answer) < size: answer += s.recv(size - len(answer))
  assert answer == message, 'the echo of byte %d on is another' % sent
  sent += size
s.close()
print('right', sent, flush=True)`;

/** A processor that these tests may use. */
const processor = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!;
const onIt = (command: string[]): string[] => ['taskset', '-c', processor, ...command];

async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (const end = performance.now() + limitMilliseconds; !isTrue(); await sleep(1))
    assert.ok(performance.now() < end, `not in time: ${what}`);
}

describe('a flow on a processor that others want', () => {
  for (const [how, server] of [
    ['a call that waits', echoServer],
    ['epoll', serveByEpoll],
  ] as const)
    test(`goes back to TCP and up again, with a server in ${how}`, async () => {
      const guests = await Guests.start({
        tcpWhenBusy: true,
        vms: [
          { name: 'a', address: '10.0.0.1' },
          { name: 'b', address: '10.0.0.2' },
        ],
      });
      const started: ChildProcess[] = [];
      const ledger = openLedgerReader(guests.config);
      try {
        execFileSync('taskset', ['-acp', processor, String(guests.dataPlanePid())]);
        const serving = guests.spawn('b', onIt([python, '-c', server]));
        started.push(serving);
        assert.equal(await spokenLines(serving)(), 'ready');
        const asking = guests.spawn('a', onIt([python, '-c', ask]));
        started.push(asking);
        const answer = outputOf(asking);
        const both = (path: string, reason: string | null) => (): boolean => {
          const flows = ledger.flows();
          return flows.length === 2 && flows.every((flow) => flow.path === path && flow.reason === reason);
        };
        await until('carried by rings', both('shm', null));
        const neighbour = spawn('taskset', ['-c', processor, 'sh', '-c', 'while :; do :; done']);
        started.push(neighbour);
        await until('back on TCP', both('tcp', 'busy'));
        await until('tried again', both('shm', null));
        await until('back on TCP again', both('tcp', 'busy'));
        neighbour.kill('SIGKILL');
        await until('up again', both('shm', null));
        asking.kill('SIGTERM');
        assert.match(await answer, /^right [1-9]/);
      } finally {
        ledger.close();
        for (const program of started) program.kill('SIGKILL');
        await guests.close();
      }
    });
});
