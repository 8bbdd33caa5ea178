import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { FixtureFleet } from '../support/fixture-fleet.js';
import { LocalFleet } from '../support/local-fleet.js';
import { runVsockctl } from '../support/run-vsockctl.js';

test(
  'of many hosts so many are connected to at once, and each has its whole limit',
  { timeout: 120_000 },
  async () => {
    let most = 0;
    let open = 0;
    // Nobody ever says a word here, so every host takes its whole limit.
    const silent = createServer((socket) => {
      most = Math.max(most, (open += 1));
      socket
        .resume()
        .on('error', () => undefined)
        .once('close', () => (open -= 1));
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const names = Array.from({ length: 80 }, (_, index) => `host${String(index)}`);
    const local = new LocalFleet(names, port, 2000);
    const { fleet } = local;
    try {
      // As `top` does: all at once, not in the waves of askAll.
      const outcomes = await Promise.all(
        names.map((name) => fleet.askOne(name, (host, signal) => host.host(signal))),
      );
      assert.deepEqual(
        new Set(outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error.code))),
        new Set(['timed-out']),
      );
      assert.ok(most > 8 && most <= 32, String(most));
    } finally {
      local.close();
      silent.close();
    }
  },
);

test('many hosts answer without a word on stderr', { timeout: 180_000 }, async () => {
  const fleet = await FixtureFleet.start(1, ['MaxStartups 100']);
  try {
    const names = Array.from({ length: 40 }, (_, index) => `host${String(index)}`);
    fleet.configure(fleet.ssh.clientConfig('host*'));
    const { code, stdout, stderr } = await runVsockctl(['hosts', '-o', 'name', '--timeout', '60'], {
      ...fleet.environment,
      VSOCKCTL_HOSTS: names.join(' '),
      VSOCKCTL_SOCKET_DIRECTORY: `${fleet.directory}/alpha`,
    });
    assert.deepEqual([code, stdout.trim().split('\n').length, stderr], [0, 40, '']);
  } finally {
    await fleet.stop();
  }
});
