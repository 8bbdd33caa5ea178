import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { region } from '../../src/channel/region-layout.js';
import { echoServer } from '../support/echo-server.js';
import { Guests } from '../support/guests.js';
import { python } from '../support/python.js';
import { spokenLines } from '../support/spoken-lines.js';

/** Asks until the connection is in rings, rests, and asks again. */
const ask = `
import socket, time
s = socket.create_connection(('10.0.0.2', 5000))
s.settimeout(10)
def echo():
    s.sendall(b'question')
    assert s.recv(100) == b'question'
for _ in range(2000): echo()
print('idle', flush=True)
time.sleep(1.5)
echo()
print('answered', flush=True)`;

test('a guest that dies between taking the bell and ringing it silences nobody else of its VM', async () => {
  const guests = await Guests.start({
    vms: [
      { name: 'a', address: '10.0.0.1' },
      { name: 'b', address: '10.0.0.2' },
    ],
  });
  const server = guests.spawn('b', [python, '-c', echoServer]);
  const words = guests.mapRegion('a');
  try {
    assert.equal(await spokenLines(server)(), 'ready');
    const client = guests.spawn('a', [python, '-c', ask]);
    const answer = spokenLines(client);
    assert.equal(await answer(), 'idle');
    // What such a guest leaves behind.
    while (Atomics.compareExchange(words, region.hostSleeping >> 2, 1, 0) !== 1) await sleep(1);
    assert.equal(await answer(), 'answered');
  } finally {
    server.kill('SIGKILL');
    await guests.close();
  }
});
