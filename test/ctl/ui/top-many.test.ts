import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { FixtureFleet } from '../support/fixture-fleet.js';
import { patienceMilliseconds, Terminal } from '../support/terminal.js';

let fleet: FixtureFleet;
let terminal: Terminal;
before(async () => {
  fleet = await FixtureFleet.start(12_000);
  terminal = new Terminal(120, 30, fleet.environment);
});
after(async () => {
  terminal.stop();
  await fleet.stop();
});

/** What alpha is asked for from now on, until it is asked as the pattern says. */
async function untilAsked(pattern: RegExp): Promise<string[]> {
  const from = fleet.alpha.requests.length;
  const giveUp = performance.now() + patienceMilliseconds;
  for (;;) {
    const asked = fleet.alpha.requests
      .slice(from)
      .map(({ url }) => decodeURIComponent(url).replaceAll('+', ' '));
    if (asked.some((url) => pattern.test(url))) return asked;
    assert.ok(
      performance.now() < giveUp,
      `never asked for ${String(pattern)}, but for:\n${asked.join('\n')}`,
    );
    await sleep(20);
  }
}

test('where there are many flows, hosts are asked only for what is on the screen', async () => {
  terminal.start('top --delay 0.5');
  await terminal.until(/1\/\d+\+/);
  const asked = await untilAsked(/flows/);
  assert.ok(asked.length > 0);
  const everything = fleet.alpha.requests.map(({ url }) => url).filter((url) => /flows|vms/.test(url));
  for (const url of everything) assert.match(url, /^GET \/v1\/flows\?sort=-bytesPerSecond&limit=80$/);
  // The filter and another order go to the hosts too.
  terminal.type('/');
  terminal.type('path=shm');
  terminal.press('Enter');
  await untilAsked(/^GET \/v1\/flows\?filter=path=shm&sort=-bytesPerSecond&limit=80$/);
  // Each step is on the screen before the next: 80 rows of each of the two hosts, and pages of 26.
  await terminal.until(/ 1\/160\+/);
  terminal.press('PageDown');
  await terminal.until(/ 27\/160\+/);
  terminal.press('PageDown');
  await untilAsked(/^GET \/v1\/flows\?filter=path=shm&sort=-bytesPerSecond&limit=120$/);
});

test('another view asks for its own list, and a marked flow is not lost meanwhile', async () => {
  terminal.press('Escape');
  terminal.press('Home');
  terminal.press('Space');
  await terminal.until(/1 marked/);
  terminal.press('2');
  await terminal.until(/red1 /);
  await untilAsked(/^GET \/v1\/vms$/);
  const asked = await untilAsked(/^GET \/v1\/vms$/);
  assert.ok(
    asked.every((url) => !url.startsWith('GET /v1/flows')),
    asked.join('\n'),
  );
  terminal.press('3');
  terminal.type('/');
  terminal.type('path=tcp');
  terminal.press('Enter');
  await untilAsked(/filter=path=tcp/);
  await terminal.until(/1 marked/);
  terminal.press('K');
  await terminal.until(/Kill/);
  terminal.press('Escape');
  terminal.press('q');
  await terminal.until(/code=0/);
});
