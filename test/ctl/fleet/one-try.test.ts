import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Fleet } from '../../../src/ctl/fleet/fleet.js';
import { frameLists } from '../../../src/ctl/model/frame.js';
import { pollHost, wholeLists } from '../../../src/ctl/model/host-state.js';

test('a host that hangs up is tried once a round, however many lists it is asked for', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vsockctl-test-'));
  let tries = 0;
  const dead = createServer((socket) => {
    tries += 1;
    socket.on('error', () => undefined).end();
  }).listen(0, '127.0.0.1');
  await once(dead, 'listening');
  const { port } = dead.address() as AddressInfo;
  const config = join(directory, 'config');
  writeFileSync(
    config,
    `Host dead\n  HostName 127.0.0.1\n  Port ${String(port)}\n  UserKnownHostsFile none\n  GlobalKnownHostsFile none\n`,
  );
  const fleet = new Fleet(['dead'], {
    environment: { ...process.env, VSOCKCTL_SSH_CONFIG: config },
    signal: new AbortController().signal,
    timeoutMilliseconds: 60_000,
    socketDirectory: '/nowhere',
  });
  try {
    for (let round = 1; round <= 3; round += 1) {
      assert.equal((await pollHost(fleet, 'dead', wholeLists(frameLists))).ok, false);
      // A second try would be under way, and is there before a later one: both go the same way.
      const outcome = await fleet.askOne('dead', (host, signal) => host.host(signal));
      assert.equal(outcome.ok, false);
      assert.equal(tries, 2 * round);
    }
  } finally {
    fleet.close();
    dead.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
