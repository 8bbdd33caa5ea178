import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { slot, slotCount, slotOffset } from '../../src/channel/region-layout.js';
import { openLedgerReader } from '../../src/ledger/ledger-reader.js';
import { Guests, type GuestOptions } from '../support/guests.js';
import { python } from '../support/python.js';
import { spokenLines } from '../support/spoken-lines.js';

/** Answers until the connection is in rings, and then reads no more. */
const serve = `
import socket, time
door = socket.create_server(('0.0.0.0', 5000))
print('ready', flush=True)
s = door.accept()[0]
for _ in range(2000): s.sendall(s.recv(8))
time.sleep(1000)`;

const ask = `
import socket
s = socket.create_connection(('10.0.0.2', 5000))
for _ in range(2000):
    s.sendall(b'question')
    assert s.recv(8) == b'question'
s.sendall(b'never read')
print('sent', flush=True)
try:
    print('end' if s.recv(8) == b'' else 'bytes', flush=True)
except ConnectionResetError:
    print('reset', flush=True)`;

/** The guest library’s question where the ring ends, after the FIN. */
function asksWhereItEnds(words: Int32Array): boolean {
  for (let index = 0; index < slotCount; index++)
    if (Atomics.load(words, (slotOffset(index) + slot.rxEndOfStream) >> 2) !== 0) return true;
  return false;
}

const places: Record<string, GuestOptions> = {
  'on the same host': {
    vms: [
      { name: 'a', address: '10.0.0.1' },
      { name: 'b', address: '10.0.0.2' },
    ],
  },
  'on another host': {
    vms: [
      { name: 'a', address: '10.0.0.1', host: 'one' },
      { name: 'b', address: '10.0.0.2', host: 'two' },
    ],
    hosts: ['one', 'two'],
    carryWithoutRdma: true,
    keepaliveMilliseconds: 10_000, // a data plane stands still for a while
  },
};

for (const [place, options] of Object.entries(places))
  test(`a program ${place} that is killed with bytes unread resets the connection, as TCP does`, async () => {
    const guests = await Guests.start(options);
    const hostOfServer = [...guests.configs.keys()].at(-1);
    const ledger = openLedgerReader(guests.config);
    const words = guests.mapRegion('a');
    const programs = [guests.spawn('b', [python, '-c', serve])];
    try {
      const [server] = programs as [ChildProcess];
      while (options.hosts && ledger.links()[0]?.state !== 'up') await sleep(20);
      assert.equal(await spokenLines(server)(), 'ready');
      const client = guests.spawn('a', [python, '-c', ask]);
      programs.push(client);
      const result = spokenLines(client);
      assert.equal(await result(), 'sent');
      while (!ledger.vms().some(({ ringTxBytes }) => ringTxBytes % 8 === 'never read'.length % 8))
        await sleep(20);
      // The data plane hears of the FIN and of the process’s end at once, in whatever order.
      const plane = guests.dataPlanePid(hostOfServer)!;
      process.kill(plane, 'SIGSTOP');
      server.kill('SIGKILL');
      while (!asksWhereItEnds(words)) await sleep(20);
      if (options.hosts) await sleep(200); // for the question to arrive at the other host
      process.kill(plane, 'SIGCONT');
      assert.equal(await result(), 'reset');
    } finally {
      for (const program of programs) program.kill('SIGKILL');
      ledger.close();
      await guests.close();
    }
  });
