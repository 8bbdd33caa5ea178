import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { helloBytes } from '../../src/channel/hello.js';
import {
  processBlock,
  processOffset,
  region,
  regionMagic,
  ringBytes,
  slot,
  slotCount,
  slotOffset,
} from '../../src/channel/region-layout.js';
import { Guests } from '../support/guests.js';
import { outputOf, streamClient, streamServer } from '../support/numbered-streams.js';

const corruptions = 1_000_000;

/** mulberry32: small, and the same for a seed everywhere. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

function corrupt(words: Int32Array, next: () => number): void {
  const fields = Object.values(slot).filter((field) => field < slot.guestPrivate);
  const busySlot = next() % 16;
  const places = [
    (slotOffset(busySlot) + (fields[next() % fields.length] ?? 0)) >> 2,
    (slotOffset(next() % slotCount) + (next() % slot.bytes)) >> 2,
    (processOffset(next() % 8) + (next() % processBlock.bytes)) >> 2,
    (region.doorbellSummary >> 2) + (next() % 2),
    (region.doorbellBits >> 2) + (next() % 64),
    (region.slotsTaken >> 2) + (next() % 64),
    next() % 1024,
  ];
  const at = places[next() % places.length] ?? 0;
  const now = words[at] ?? 0;
  const values = [
    0,
    -1,
    1,
    next() | 0,
    now + 1,
    now - 1,
    now + ringBytes,
    now + ringBytes + 1,
    now ^ (1 << (next() % 32)),
    2,
  ];
  Atomics.store(words, at, values[next() % values.length] ?? 0);
  // and rings, so that vsockd looks
  Atomics.or(words, (region.doorbellBits >> 2) + (busySlot >> 5), 1 << (busySlot & 31));
  Atomics.or(words, region.doorbellSummary >> 2, 1);
}

test('vsockd survives a guest that asks for its memory and hangs up', async () => {
  const guests = await Guests.start({ vms: [{ name: 'evil', address: '10.0.0.1' }] });
  try {
    const plane = guests.dataPlanePid()!;
    const hello = Buffer.alloc(helloBytes);
    hello.writeUInt32LE(regionMagic, 0);
    hello.writeUInt32LE(1, 4);
    process.kill(plane, 'SIGSTOP'); // it reads the hello when nobody is there any more
    const socket = connect(guests.config.vms[0]?.channel ?? '');
    await once(socket, 'connect');
    socket.write(hello, () => socket.destroy());
    await once(socket, 'close');
    process.kill(plane, 'SIGCONT');
    while (!guests.logs.some(({ message }) => message === 'channel closed: sendmsg: EPIPE')) {
      assert.equal(guests.dataPlanePid(), plane, 'vsockd ended');
      await sleep(20);
    }
  } finally {
    await guests.close();
  }
});

test('vsockd survives a million corruptions of a guest’s memory, and another VM’s traffic stays right', async () => {
  const guests = await Guests.start({
    vms: [
      { name: 'evil', address: '10.0.0.1', vni: 666 },
      { name: 'victim', address: '10.0.0.2', vni: 666 },
      { name: 'a', address: '10.0.0.1' },
      { name: 'b', address: '10.0.0.2' },
    ],
  });
  const seed = Date.now() | 0;
  const next = random(seed);
  const programs = [await streamServer(guests, 'victim'), await streamServer(guests, 'b')];
  const words = guests.mapRegion('evil');
  try {
    programs.push(streamClient(guests, 'evil', 100_000, 1));
    const before = guests.dataPlanePid();
    const good = outputOf(streamClient(guests, 'a', 1500, 2));
    for (let done = 0; done < corruptions; done++) {
      corrupt(words, next);
      if (done % 1000 === 0) await turn();
    }
    assert.equal(await good, 'right 1500', `seed ${seed}`);
    assert.equal(guests.dataPlanePid(), before, `seed ${seed}: vsockd ended`);
    assert.equal(await outputOf(streamClient(guests, 'a', 300, 3)), 'right 300', `seed ${seed}`);
  } finally {
    for (const program of programs) program.kill('SIGKILL');
    await guests.close();
  }
});
