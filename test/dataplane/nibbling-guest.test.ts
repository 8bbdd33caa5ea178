import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostState, region, regionBytes, slot, slotOffset } from '../../src/channel/region-layout.js';
import { Guests } from '../support/guests.js';
import { outputOf, streamClient, streamServer } from '../support/numbered-streams.js';
import { python } from '../support/python.js';
import { spokenLines } from '../support/spoken-lines.js';

const source = new URL('../../../test/fixtures/nibbler.c', import.meta.url).pathname;

/** It reads until its connection is in rings, and then leaves them to the nibbler. */
const receive = `
import socket, time
door = socket.create_server(('0.0.0.0', 6000))
print('ready', flush=True)
s = door.accept()[0]
for _ in range(100): s.sendall(s.recv(1))
time.sleep(1000)`;

const send = `
import socket, time
s = socket.create_connection(('10.0.0.1', 6000))
for _ in range(100): s.sendall(b'x'); s.recv(1); time.sleep(0.005)
while True: s.sendall(bytes(1 << 20))`;

test('a guest that frees its ring byte by byte while it is filled ends no vsockd, and another VM’s traffic stays right', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vsocket-nibbler-'));
  const nibbler = join(directory, 'nibbler');
  execFileSync('cc', ['-O2', '-o', nibbler, source]);
  const guests = await Guests.start({
    vms: [
      { name: 'evil', address: '10.0.0.1', vni: 666 },
      { name: 'sender', address: '10.0.0.2', vni: 666 },
      { name: 'a', address: '10.0.0.1' },
      { name: 'b', address: '10.0.0.2' },
    ],
  });
  const receiver = guests.spawn('evil', [python, '-c', receive]);
  const programs = [receiver, await streamServer(guests, 'b')];
  try {
    assert.equal(await spokenLines(receiver)(), 'ready');
    programs.push(guests.spawn('sender', [python, '-c', send]));
    const words = guests.mapRegion('evil');
    const at = slotOffset(0);
    while (words[(at + slot.hostState) >> 2] !== hostState.open) await sleep(10);
    while (words[(at + slot.rxHead) >> 2]! - words[(at + slot.rxTail) >> 2]! < 100_000) await sleep(10);
    const offsets = [at + slot.rxHead, at + slot.rxTail, region.doorbellBits, region.doorbellSummary];
    const evil = guests.config.vms.find(({ name }) => name === 'evil')!;
    const place = [evil.memory.path, regionBytes, 0, ...offsets].map(String);
    const nibbling = spawn(nibbler, place, { stdio: ['ignore', 'pipe', 'inherit'] });
    programs.push(nibbling);
    let pieces = 0;
    nibbling.stdout
      .setEncoding('utf8')
      .on('data', (lines: string) => (pieces += lines.split('\n').length - 1));
    const plane = guests.dataPlanePid();
    while (pieces < 100) {
      assert.equal(guests.dataPlanePid(), plane, `vsockd ended after ${pieces} pieces`);
      await sleep(20);
    }
    assert.equal(await outputOf(streamClient(guests, 'a', 100, 1)), 'right 100');
    assert.equal(guests.dataPlanePid(), plane, 'vsockd ended');
  } finally {
    for (const program of programs) program.kill('SIGKILL');
    await guests.close();
    rmSync(directory, { recursive: true });
  }
});
