import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLedgerReader } from '../../src/ledger/ledger-reader.js';
import { Guests } from '../support/guests.js';
import { outputOf, streamClient, streamServer } from '../support/numbered-streams.js';

const vms = [
  { name: 'a', address: '10.0.0.1' },
  { name: 'b', address: '10.0.0.2' },
];

test('thousands of connections upgrade in mid-stream and lose, double or reorder nothing', async () => {
  const guests = await Guests.start({ vms });
  const ledger = openLedgerReader(guests.config);
  const server = await streamServer(guests, 'b');
  try {
    assert.equal(await outputOf(streamClient(guests, 'a', 6000, 1)), 'right 6000');
    const carried = ledger.vms().map((vm) => vm.ringTxBytes);
    assert.ok(Math.min(...carried) > 100_000, `rings carried ${carried.join(' and ')} bytes`);
    const [first, second] = ledger.vms();
    assert.equal(first?.ringTxBytes, second?.ringRxBytes);
    assert.equal(second?.ringTxBytes, first?.ringRxBytes);
  } finally {
    ledger.close();
    server.kill('SIGKILL');
    await once(server, 'exit');
    await guests.close();
  }
});

test('a data plane that is killed again and again loses, doubles or reorders nothing', async () => {
  const guests = await Guests.start({ vms });
  const server = await streamServer(guests, 'b');
  const client = streamClient(guests, 'a', 6000, 2);
  const ended = once(client, 'exit');
  const output = outputOf(client);
  try {
    let kills = 0;
    while (client.exitCode === null && kills < 40) {
      await Promise.race([ended, sleep(100 + Math.random() * 200)]);
      await guests.killDataPlane();
      await sleep(Math.random() * 100);
      await guests.startDataPlane();
      kills++;
    }
    assert.equal(await output, 'right 6000');
    assert.ok(kills >= 5, `only ${kills} kills fell into the traffic`);
  } finally {
    client.kill('SIGKILL');
    server.kill('SIGKILL');
    await guests.close();
  }
});

test('a claim on an address that is not the VM’s gets nothing and is logged', async () => {
  const guests = await Guests.start({
    vms: [
      { name: 'a', address: '10.0.0.1' },
      { name: 'b', address: '10.0.0.2' },
    ],
  });
  const ledger = openLedgerReader(guests.config);
  const server = await streamServer(guests, 'b');
  try {
    // The VM takes a second address that the operator did not give it, and speaks from there.
    guests.inNamespace('a', ['ip', 'address', 'add', '10.0.0.9/24', 'dev', 'eth0']);
    guests.inNamespace('a', ['ip', 'address', 'del', '10.0.0.1/24', 'dev', 'eth0']);
    guests.inNamespace('a', ['ip', 'address', 'replace', '10.0.0.9/24', 'dev', 'eth0']);
    assert.equal(await outputOf(streamClient(guests, 'a', 20, 3)), 'right 20');
    assert.ok(guests.logs.some((log) => log.message.includes('claim refused') && log.level === 'warn'));
    assert.deepEqual(
      ledger.vms().map((vm) => vm.ringTxBytes),
      [0, 0],
    );
  } finally {
    ledger.close();
    server.kill('SIGKILL');
    await once(server, 'exit');
    await guests.close();
  }
});

test('two tenants with the same addresses keep to themselves', async () => {
  const guests = await Guests.start({
    vms: [
      { name: 'a', address: '10.0.0.1', vni: 100 },
      { name: 'b', address: '10.0.0.2', vni: 100 },
      { name: 'c', address: '10.0.0.1', vni: 200, tenant: 'blue' },
      { name: 'd', address: '10.0.0.2', vni: 200, tenant: 'blue' },
    ],
  });
  const servers = [await streamServer(guests, 'b'), await streamServer(guests, 'd')];
  const ledger = openLedgerReader(guests.config);
  try {
    // Long enough for some to leave TCP, also where others want the processors.
    const longest = 2_000_000;
    const clients = [streamClient(guests, 'a', 800, 4, longest), streamClient(guests, 'c', 800, 5, longest)];
    const outputs = clients.map(outputOf);
    assert.deepEqual(await Promise.all(outputs), ['right 800', 'right 800']);
    const [a, b, c, d] = ledger.vms();
    assert.deepEqual([a?.ringTxBytes, c?.ringTxBytes], [b?.ringRxBytes, d?.ringRxBytes]);
    assert.ok((a?.ringTxBytes ?? 0) > 0 && (c?.ringTxBytes ?? 0) > 0);
  } finally {
    ledger.close();
    for (const server of servers) server.kill('SIGKILL');
    await guests.close();
  }
});
