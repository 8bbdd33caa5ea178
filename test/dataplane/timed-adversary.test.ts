import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { test } from 'node:test';
import { usualLimits } from '../../src/config/host-config.js';
import type { Adversary } from '../support/adversary.js';
import { Guests } from '../support/guests.js';
import { hostileHosts, hostileWays, ownKiB, startAdversaries } from '../support/hostile-vms.js';
import { outputOf, streamClient, streamServer } from '../support/numbered-streams.js';

const mostGrowthKiB = 32 * 1024;
const operations = 100_000;
/** Of the hostile VMs, that got into rings. */
const flows = 10;
const streams = 120;

test('a VM that moves its words while vsockd looks hurts nobody else, here or on another host', async () => {
  const guests = await Guests.start({ ...hostileHosts, keepaliveMilliseconds: 5000 });
  const programs: ChildProcess[] = [];
  const adversaries: Adversary[] = [];
  const seed = Date.now() % 1_000_000;
  try {
    for (const vm of ['b', 'd']) programs.push(await streamServer(guests, vm));
    const plane = guests.dataPlanePid('h1')!;
    assert.equal(await outputOf(streamClient(guests, 'a', 20, 1)), 'right 20');
    const before = ownKiB(plane);
    const began = guests.logs.length;
    const beganAt = performance.now();
    adversaries.push(...(await startAdversaries(guests, seed)));
    const honest = [streamClient(guests, 'a', streams, 2), streamClient(guests, 'c', streams, 3)];
    programs.push(...honest);
    const said = await Promise.all(honest.map(outputOf));
    assert.deepEqual(said, [`right ${streams}`, `right ${streams}`], `seed ${seed}`);
    await Promise.all(adversaries.map((one) => one.did(operations)));
    await adversaries[0]!.opened(flows);
    assert.equal(guests.dataPlanePid('h1'), plane, `seed ${seed}: vsockd ended`);
    const growth = ownKiB(plane) - before;
    assert.ok(growth < mostGrowthKiB, `seed ${seed}: ${growth} KiB more`);
    const lines = guests.logs.slice(began);
    assert.deepEqual(
      lines.filter(({ message, level }) => level === 'error' || message === 'link down'),
      [],
    );
    assertLinesLimited(lines, (performance.now() - beganAt) / 1000);
  } finally {
    for (const one of adversaries) one.kill();
    for (const program of programs) program.kill('SIGKILL');
    await guests.close();
  }
});

/** Each VM has its budget, and beyond that a line of each kind in ten seconds and their number. */
function assertLinesLimited(lines: Guests['logs'], seconds: number): void {
  for (const name of Object.keys(hostileWays)) {
    const hostile = lines.filter(({ fields }) => fields.vm === name);
    const kinds = new Set(hostile.map(({ message, fields }) => fields.line ?? message)).size;
    const most = usualLimits.logLinesPerSecond * (4 + seconds) + 2 * kinds * (1 + seconds / 10);
    assert.ok(hostile.length <= most, `${hostile.length} lines of ${kinds} kinds in ${seconds} s`);
  }
}
