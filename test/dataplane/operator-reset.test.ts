import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { guestState, hostState, region, slot, slotOffset } from '../../src/channel/region-layout.js';
import { Guests } from '../support/guests.js';
import { python } from '../support/python.js';
import { spokenLines } from '../support/spoken-lines.js';

const serve = `
import socket
door = socket.create_server(('0.0.0.0', 5000))
print('ready', flush=True)
s = door.accept()[0]
while data := s.recv(100): s.sendall(data)`;

const ask = `
import socket
s = socket.create_connection(('10.0.0.2', 5000))
try:
    while True: s.sendall(b'question'); s.recv(100)
except ConnectionResetError: print('reset', flush=True)`;

const at = (field: number): number => (slotOffset(0) + field) >> 2;

/** A claim of a socket that is another VM’s, in the first slot. */
function squat(words: Int32Array, cookieLow: number, cookieHigh: number): void {
  words[at(slot.cookieLow)] = cookieLow;
  words[at(slot.cookieHigh)] = cookieHigh;
  words[at(slot.generation)] = words[at(slot.localPort)] = words[at(slot.remotePort)] = 1;
  Atomics.store(words, at(slot.guestState), guestState.claimed);
  Atomics.or(words, region.doorbellBits >> 2, 1);
  Atomics.or(words, region.doorbellSummary >> 2, 1);
}

for (const restart of [false, true])
  test(`a reset ends the flow that is meant, though another tenant claimed its cookie${restart ? ', after a restart, too' : ''}`, async () => {
    const guests = await Guests.start({
      vms: [
        { name: 'a', address: '10.0.0.1' },
        { name: 'b', address: '10.0.0.2' },
        { name: 'evil', address: '10.0.0.1', vni: 666, tenant: 'blue' },
      ],
    });
    const programs = [guests.spawn('b', [python, '-c', serve])];
    try {
      assert.equal(await spokenLines(programs[0]!)(), 'ready');
      programs.push(guests.spawn('a', [python, '-c', ask]));
      const answer = spokenLines(programs[1]!);
      const own = guests.mapRegion('a');
      const evil = guests.mapRegion('evil');
      while (own[at(slot.hostState)] !== hostState.open) await sleep(10);
      const [low, high] = [own[at(slot.cookieLow)]!, own[at(slot.cookieHigh)]!];
      squat(evil, low, high);
      while (evil[at(slot.hostState)] !== hostState.waiting) await sleep(10);
      if (restart) {
        await guests.killDataPlane();
        await guests.startDataPlane();
      }
      const cookie = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
      guests.resetFlows(['evil', 'a'].map((vm) => ({ vm, cookie })));
      const resets = (): typeof guests.logs =>
        guests.logs.filter(({ message }) => message === 'flow reset: asked by an operator');
      while (resets().length === 0) await sleep(10);
      assert.equal(resets()[0]?.fields.vm, 'a');
      assert.equal(await answer(), 'reset');
      assert.equal(evil[at(slot.hostState)], hostState.waiting, 'a claim that was refused is no flow');
    } finally {
      for (const program of programs) program.kill('SIGKILL');
      await guests.close();
    }
  });
