import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { openLedgerReader } from '../../src/ledger/ledger-reader.js';
import { Guests } from '../support/guests.js';
import { outputOf } from '../support/numbered-streams.js';
import { python } from '../support/python.js';

const program = new URL('../../../test/fixtures/urgent_byte.py', import.meta.url).pathname;

test('a connection with urgent data stays on TCP, and the operator is told why', async () => {
  const guests = await Guests.start({
    vms: [
      { name: 'a', address: '10.0.0.1' },
      { name: 'b', address: '10.0.0.2' },
    ],
  });
  const ledger = openLedgerReader(guests.config);
  const server = guests.spawn('b', [python, program, 'server']);
  try {
    if (server.stdout) await once(server.stdout, 'data');
    const cookie = BigInt(await outputOf(guests.spawn('a', [python, program, 'client'])));
    assert.equal(ledger.note('a', cookie), 'urgent-data');
    assert.equal(ledger.note('b', cookie), null);
    assert.deepEqual(
      ledger.vms().map((vm) => vm.ringTxBytes),
      [0, 0],
    );
  } finally {
    ledger.close();
    server.kill('SIGKILL');
    await guests.close();
  }
});
