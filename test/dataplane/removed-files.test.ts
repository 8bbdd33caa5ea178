import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { accepts } from '../../src/lab/unix-socket.js';
import { ledgerPath, openLedgerReader } from '../../src/ledger/ledger-reader.js';
import { echoServer } from '../support/echo-server.js';
import { Guests } from '../support/guests.js';
import { python } from '../support/python.js';
import { spokenLines } from '../support/spoken-lines.js';

const limitMilliseconds = 30_000;

/** Asks 2000 times, says so, and as often again when the file is there. */
const ask = `
import os, socket, sys, time
s = socket.create_connection(('10.0.0.2', 5000))
for part in ('half', 'all'):
    for _ in range(2000):
        s.sendall(b'question')
        assert s.recv(8) == b'question'
    print(part, flush=True)
    while not os.path.exists(sys.argv[1]): time.sleep(0.01)`;

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + limitMilliseconds;
  while (!(await condition())) {
    assert.ok(Date.now() < end, what);
    await sleep(50);
  }
}

test('what is removed of the data plane’s files is made again; flows outlive that and the next data plane', async () => {
  const guests = await Guests.start({
    vms: [
      { name: 'a', address: '10.0.0.1' },
      { name: 'b', address: '10.0.0.2' },
    ],
  });
  const server = guests.spawn('b', [python, '-c', echoServer]);
  const { config } = guests;
  const goOn = join(config.auditLog, '..', '..', 'go-on');
  try {
    await spokenLines(server)();
    const client = guests.spawn('a', [python, '-c', ask, goOn]);
    const lines = spokenLines(client);
    assert.equal(await lines(), 'half');
    rmSync(config.runtimeDirectory, { recursive: true });
    for (const { channel } of config.vms) rmSync(channel);
    await until('the ledger is there again', () => existsSync(ledgerPath(config)));
    for (const { channel } of config.vms) await until('the channel is there again', () => accepts(channel));
    await guests.killDataPlane();
    await guests.startDataPlane();
    writeFileSync(goOn, '');
    assert.equal(await lines(), 'all');
    const ledger = openLedgerReader(config);
    const [vm] = ledger.vms();
    ledger.close();
    assert.ok((vm?.ringTxBytes ?? 0) > 20_000, `rings carried ${String(vm?.ringTxBytes)} bytes`);
    const restored = guests.logs.filter(({ message }) => message.startsWith('the ledger was removed'));
    assert.deepEqual(
      restored.map(({ level }) => level),
      ['warn'],
    );
  } finally {
    server.kill('SIGKILL');
    await guests.close();
  }
});
