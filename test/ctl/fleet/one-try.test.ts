import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { frameLists } from '../../../src/ctl/model/frame.js';
import { pollHost, wholeLists } from '../../../src/ctl/model/host-state.js';
import { LocalFleet } from '../support/local-fleet.js';

test('a host that hangs up is tried once a round, however many lists it is asked for', async () => {
  let tries = 0;
  const dead = createServer((socket) => {
    tries += 1;
    socket.on('error', () => undefined).end();
  }).listen(0, '127.0.0.1');
  await once(dead, 'listening');
  const { port } = dead.address() as AddressInfo;
  const local = new LocalFleet(['dead'], port, 60_000);
  const { fleet } = local;
  try {
    for (let round = 1; round <= 3; round += 1) {
      assert.equal((await pollHost(fleet, 'dead', wholeLists(frameLists))).ok, false);
      // A second try would be under way, and is there before a later one: both go the same way.
      const outcome = await fleet.askOne('dead', (host, signal) => host.host(signal));
      assert.equal(outcome.ok, false);
      assert.equal(tries, 2 * round);
    }
  } finally {
    local.close();
    dead.close();
  }
});
