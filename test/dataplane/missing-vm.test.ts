import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostState, slot, slotOffset } from '../../src/channel/region-layout.js';
import { Guests } from '../support/guests.js';
import { python } from '../support/python.js';
import { spokenLines } from '../support/spoken-lines.js';

const serve = `
import socket
door = socket.create_server(('0.0.0.0', 5000))
print('ready', flush=True)
s = door.accept()[0]
try:
    while data := s.recv(100): s.sendall(data)
    print('end', flush=True)
except ConnectionResetError: print('reset', flush=True)`;

const ask = `
import socket, time
s = socket.create_connection(('10.0.0.2', 5000))
try:
    while True: s.sendall(b'question'); s.recv(100)
except ConnectionResetError: print('reset', flush=True)
time.sleep(1000)`;

test('both ends of a flow see a reset when a restarted vsockd finds one of them without its memory, the other when it comes back', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vsocket-missing-'));
  const guests = await Guests.start({
    vms: [
      { name: 'a', address: '10.0.0.1' },
      { name: 'b', address: '10.0.0.2' },
    ],
  });
  const server = guests.spawn('b', [python, '-c', serve]);
  const programs = [server];
  try {
    const served = spokenLines(server);
    assert.equal(await served(), 'ready');
    const client = guests.spawn('a', [python, '-c', ask]);
    programs.push(client);
    const words = guests.mapRegion('b');
    while (words[(slotOffset(0) + slot.hostState) >> 2] !== hostState.open) await sleep(10);
    await guests.killDataPlane();
    const { memory } = guests.config.vms[1]!;
    const real = memory.path;
    memory.path = join(directory, 'memory');
    await guests.startDataPlane();
    assert.equal(await spokenLines(client)(), 'reset');
    symlinkSync(real, memory.path);
    assert.equal(await served(), 'reset');
  } finally {
    for (const program of programs) program.kill('SIGKILL');
    await guests.close();
    rmSync(directory, { recursive: true });
  }
});
