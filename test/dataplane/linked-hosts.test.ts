import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerReader } from '../../src/ledger/ledger-flow.js';
import { openLedgerReader } from '../../src/ledger/ledger-reader.js';
import { Guests } from '../support/guests.js';
import { outputOf, streamClient, streamServer } from '../support/numbered-streams.js';

const vms = [
  { name: 'a', address: '10.0.0.1', host: 'one' },
  { name: 'b', address: '10.0.0.2', host: 'two' },
];

/** Of the streams, in bytes: enough for most of them to leave TCP. */
const longest = 20_000_000;

interface Linked {
  guests: Guests;
  ledgers: LedgerReader[];
}

/** Two hosts with a VM each, and a server in `b` that checks every byte. */
async function withLinkedHosts(
  carryWithoutRdma: boolean,
  use: (linked: Linked) => Promise<void>,
): Promise<void> {
  const guests = await Guests.start({ vms, hosts: ['one', 'two'], carryWithoutRdma });
  const ledgers = [...guests.configs.values()].map(openLedgerReader);
  let server: ChildProcess | null = null;
  try {
    server = await streamServer(guests, 'b');
    await linkState(ledgers, 'up');
    await use({ guests, ledgers });
  } finally {
    if (process.env['DEBUG_LINKS']) for (const log of guests.logs) console.error(JSON.stringify(log));
    for (const ledger of ledgers) ledger.close();
    server?.kill('SIGKILL');
    await guests.close();
  }
}

async function linkState(ledgers: LedgerReader[], state: string): Promise<void> {
  while (!ledgers.every((ledger) => ledger.links()[0]?.state === state)) await sleep(20);
}

function assertEqualCounts([one, two]: LedgerReader[]): number {
  const [a] = one?.vms() ?? [];
  const [b] = two?.vms() ?? [];
  assert.equal(a?.ringTxBytes, b?.ringRxBytes);
  assert.equal(b?.ringTxBytes, a?.ringRxBytes);
  return Math.min(a?.ringTxBytes ?? 0, b?.ringTxBytes ?? 0);
}

test('connections between hosts upgrade in mid-stream and lose, double or reorder nothing', () =>
  withLinkedHosts(true, async ({ guests, ledgers }) => {
    assert.equal(await outputOf(streamClient(guests, 'a', 200, 11, longest)), 'right 200');
    const carried = assertEqualCounts(ledgers);
    assert.ok(carried > 1_000_000, `only ${carried} bytes went through rings`);
  }));

test('data planes of both hosts that are killed again and again lose, double or reorder nothing', () =>
  withLinkedHosts(true, async ({ guests }) => {
    const client = streamClient(guests, 'a', 300, 12, longest);
    const ended = once(client, 'exit');
    const output = outputOf(client);
    let kills = 0;
    while (client.exitCode === null && kills < 24) {
      const host = kills % 2 === 0 ? 'one' : 'two';
      await Promise.race([ended, sleep(100 + Math.random() * 200)]);
      await guests.killDataPlane(host);
      await sleep(Math.random() * 100);
      await guests.startDataPlane(host);
      kills++;
    }
    assert.equal(await output, 'right 300');
    assert.ok(kills >= 3, `only ${kills} kills fell into the traffic`);
  }));

test('a cable that is taken out again and again loses, doubles or reorders nothing', () =>
  withLinkedHosts(true, async ({ guests, ledgers }) => {
    const client = streamClient(guests, 'a', 200, 13, longest);
    const ended = once(client, 'exit');
    const output = outputOf(client);
    let cuts = 0;
    while (client.exitCode === null && cuts < 4) {
      await Promise.race([ended, sleep(700)]);
      guests.plug('two', false);
      await linkState(ledgers, 'down');
      guests.plug('two', true);
      await linkState(ledgers, 'up');
      cuts++;
    }
    assert.equal(await output, 'right 200');
    assert.ok(cuts >= 2, `only ${cuts} cuts fell into the traffic`);
  }));

test('without RDMA and without leave to take the link, flows stay on TCP and say so', () =>
  withLinkedHosts(false, async ({ guests, ledgers }) => {
    const client = streamClient(guests, 'a', 300, 14);
    const output = outputOf(client);
    const reasons = new Set<string>();
    while (client.exitCode === null) {
      for (const flow of ledgers.flatMap((ledger) => ledger.flows()))
        reasons.add(`${flow.path} ${flow.reason}`);
      await sleep(10);
    }
    assert.equal(await output, 'right 300');
    assert.ok(reasons.has('tcp no-rdma'), [...reasons].join(', '));
    assert.ok(
      [...reasons].every((reason) => reason.startsWith('tcp ')),
      [...reasons].join(', '),
    );
    assert.equal(assertEqualCounts(ledgers), 0);
  }));
