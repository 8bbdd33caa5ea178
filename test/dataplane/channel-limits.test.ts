import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { helloBytes } from '../../src/channel/hello.js';
import {
  hostState,
  processCount,
  regionMagic,
  slot,
  slotOffset,
  waiterCount,
} from '../../src/channel/region-layout.js';
import { connectionShare } from '../../src/dataplane/connection-share.js';
import type { LedgerBudget } from '../../src/ledger/ledger-flow.js';
import type { BudgetName } from '../../src/ledger/ledger-layout.js';
import { openLedgerReader } from '../../src/ledger/ledger-reader.js';
import { echoServer } from '../support/echo-server.js';
import { Guests, type GuestOptions } from '../support/guests.js';
import { spokenLines } from '../support/spoken-lines.js';

const vms = [
  { name: 'evil', address: '10.0.0.1', vni: 666 },
  { name: 'a', address: '10.0.0.1' },
  { name: 'b', address: '10.0.0.2' },
];

/** Programs of the VM `evil` that only hold connections. */
class Holder {
  readonly open = new Set<Socket>();

  constructor(private readonly channel: string) {}

  /** @returns once it is connected; a Unix socket takes no more for a moment when many wait */
  async connect(hello: Buffer): Promise<Socket> {
    for (;;) {
      const socket = connect(this.channel);
      const connected = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      });
      if (connected) return this.hold(socket, hello);
      await sleep(10);
    }
  }

  private hold(socket: Socket, hello: Buffer): Socket {
    this.open.add(socket);
    socket.on('error', () => undefined).on('close', () => this.open.delete(socket));
    socket.resume();
    if (hello.length > 0) socket.write(hello);
    return socket;
  }

  async close(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    while (this.open.size > 0) await sleep(10);
  }
}

function waiterHello(index: number): Buffer {
  const hello = Buffer.alloc(helloBytes);
  hello.writeUInt32LE(regionMagic, 0);
  hello.writeUInt32LE(3, 4);
  hello.writeUInt32LE(index % processCount, 8);
  hello.writeUInt32LE(index % waiterCount, 12);
  return hello;
}

async function withEvil(
  options: Partial<GuestOptions>,
  use: (guests: Guests, holder: Holder, plane: number) => Promise<void>,
): Promise<void> {
  const guests = await Guests.start({ vms, ...options });
  const holder = new Holder(guests.config.vms[0]!.channel);
  try {
    const plane = guests.dataPlanePid()!;
    await use(guests, holder, plane);
    assert.equal(guests.dataPlanePid(), plane, 'vsockd ended');
  } finally {
    await holder.close();
    await guests.close();
  }
}

const openFilesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

const ask = `
import socket
s = socket.create_connection(('10.0.0.2', 5000))
while True: s.sendall(b'question'); s.recv(100)`;

/** A new connection of the other VMs gets into rings, for which their programs need channel connections. */
async function assertOthersWork(guests: Guests): Promise<void> {
  const programs = [guests.spawn('b', ['python3', '-c', echoServer])];
  try {
    assert.equal(await spokenLines(programs[0]!)(), 'ready');
    programs.push(guests.spawn('a', ['python3', '-c', ask]));
    const words = guests.mapRegion('a');
    while (words[(slotOffset(0) + slot.hostState) >> 2] !== hostState.open) await sleep(10);
  } finally {
    for (const program of programs) program.kill('SIGKILL');
  }
}

test('a VM that opens more connections than it may keeps its share, and the others have theirs', () =>
  withEvil({ openFiles: 500 }, async (guests, holder, plane) => {
    const share = connectionShare(500, vms.length);
    assert.ok(share < 100);
    for (let opened = 0; opened < 1000; opened++) await holder.connect(waiterHello(opened));
    while (holder.open.size > share) await sleep(10);
    assert.equal(holder.open.size, share);
    assert.ok(openFilesOf(plane) < 500 - share, 'the others have less than their share');
    await assertOthersWork(guests);
    assert.ok(guests.logs.some(({ message }) => message.startsWith('RLIMIT_NOFILE is 500')));
  }));

test('connections that never say hello are closed, and those that did are not', () =>
  withEvil({}, async (_, holder) => {
    const greeted = await holder.connect(waiterHello(1));
    await holder.connect(Buffer.alloc(0));
    await holder.connect(waiterHello(2).subarray(0, helloBytes - 1));
    while (holder.open.size > 1) await sleep(10);
    assert.deepEqual([...holder.open], [greeted]);
  }));

test('lines that a guest causes are limited in number, and the rest is counted', () =>
  withEvil({}, async (guests, holder) => {
    const attempts = 500;
    for (let done = 0; done < attempts; done++) await holder.connect(Buffer.alloc(helloBytes, 1));
    const shown = (): number =>
      guests.logs.filter(({ message }) => message === 'channel closed: no hello').length;
    const leftOut = (): number =>
      guests.logs.reduce(
        (sum, { fields }) => sum + (fields.line === 'channel closed: no hello' ? Number(fields.count) : 0),
        0,
      );
    while (shown() + leftOut() < attempts) await sleep(20);
    assert.equal(shown() + leftOut(), attempts);
    assert.ok(shown() < attempts / 4, `${shown()} lines`);
  }));

/** Once the ledger says that a VM wanted more of something than it may. */
async function exceeded(guests: Guests, vm: string, name: BudgetName, times = 1): Promise<LedgerBudget> {
  const reader = openLedgerReader(guests.config);
  try {
    for (;;) {
      const budgets = reader.vms().find((one) => one.name === vm)?.budgets ?? [];
      const found = budgets.find((one) => one.name === name && one.exceeded >= times);
      if (found !== undefined) return found;
      await sleep(20);
    }
  } finally {
    reader.close();
  }
}

test('a VM that connects again and again waits, and the others get their connections', () =>
  withEvil({ vmLimits: { connectsPerSecond: 2 } }, async (guests, holder) => {
    for (let opened = 0; opened < 40; opened++) await holder.connect(waiterHello(opened));
    assert.equal((await exceeded(guests, 'evil', 'connects')).limit, 2);
    await assertOthersWork(guests);
  }));

test('a VM that rings without end is not heard for a while, and the others are', () =>
  withEvil({ vmLimits: { bellsPerSecond: 1000 } }, async (guests, holder) => {
    const hello = waiterHello(7);
    hello.writeUInt32LE(2, 4);
    const socket = await holder.connect(hello);
    const ring = (error?: Error | null): void => {
      if (!error) socket.write(Buffer.alloc(65536), ring);
    };
    ring();
    assert.equal((await exceeded(guests, 'evil', 'bells')).limit, 1000);
    await assertOthersWork(guests);
  }));

test('the ledger says how many connections a VM has, may have, and was refused', () =>
  withEvil({ vmLimits: { connections: 5 } }, async (guests, holder) => {
    for (let opened = 0; opened < 8; opened++) await holder.connect(waiterHello(opened));
    assert.deepEqual(await exceeded(guests, 'evil', 'connections', 3), {
      name: 'connections',
      used: 5,
      limit: 5,
      exceeded: 3,
    });
  }));
