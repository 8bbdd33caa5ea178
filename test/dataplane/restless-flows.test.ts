import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { openLedgerReader } from '../../src/ledger/ledger-reader.js';
import { Guests } from '../support/guests.js';
import { outputOf, streamClient, streamServer } from '../support/numbered-streams.js';
import { python } from '../support/python.js';

const vms = [
  { name: 'a', address: '10.0.0.1' },
  { name: 'b', address: '10.0.0.2' },
];
const talk = new URL('../../../test/fixtures/talk.py', import.meta.url).pathname;

/** Two VMs whose flows leave their rings and come back all the time. */
async function withRestlessFlows(use: (guests: Guests) => Promise<void>): Promise<void> {
  const guests = await Guests.start({ vms, restless: true, upgradeAfterCalls: 1, upgradeAfterBytes: 1 });
  const ledger = openLedgerReader(guests.config);
  try {
    await use(guests);
    const carried = ledger.vms().map((vm) => vm.ringTxBytes);
    assert.ok(Math.min(...carried) > 1_000_000, `rings carried ${carried.join(' and ')} bytes`);
  } finally {
    ledger.close();
    await guests.close();
  }
}

test('connections that leave their rings and come back all the time lose, double or reorder nothing', () =>
  withRestlessFlows(async (guests) => {
    const server = await streamServer(guests, 'b');
    try {
      assert.equal(await outputOf(streamClient(guests, 'a', 64, 5, '=3000000')), 'right 64');
    } finally {
      server.kill('SIGKILL');
    }
  }));

test('programs that both write first, or wait by poll and epoll, go on whatever path their bytes take', () =>
  withRestlessFlows(async (guests) => {
    const server = guests.spawn('b', [python, talk, 'server', '5000']);
    try {
      await once(server.stdout!, 'data');
      server.stdout!.pipe(process.stderr); // what it found wrong
      const client = [python, talk, 'client', '10.0.0.2', '5000', '600', '1'];
      assert.equal(await outputOf(guests.spawn('a', client)), 'right 7');
    } finally {
      server.kill('SIGKILL');
    }
  }));
