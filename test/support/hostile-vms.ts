import { readFileSync } from 'node:fs';
import { Adversary } from './adversary.js';
import type { GuestOptions, Guests } from './guests.js';

/** Two linked hosts: three hostile VMs on the first, and honest ones of two tenants, `a` and `b` there, `c` and `d` on one each. */
export const hostileHosts: GuestOptions = {
  hosts: ['h1', 'h2'],
  carryWithoutRdma: true,
  vms: [
    { name: 'evil', address: '10.0.0.1', vni: 666, host: 'h1' },
    { name: 'accomplice', address: '10.0.0.2', vni: 666, host: 'h1' },
    { name: 'vandal', address: '10.0.0.1', vni: 667, host: 'h1' },
    { name: 'a', address: '10.0.0.1', vni: 100, host: 'h1' },
    { name: 'b', address: '10.0.0.2', vni: 100, host: 'h1' },
    { name: 'c', address: '10.0.0.1', vni: 200, host: 'h1' },
    { name: 'd', address: '10.0.0.2', vni: 200, host: 'h2' },
  ],
};

/** What each hostile VM does: `test/fixtures/hostile/adversary.c` says what that is. */
export const hostileWays: Record<string, readonly string[]> = {
  accomplice: ['flows', 'switch'],
  evil: ['flows', 'switch'],
  vandal: ['claims', 'words', 'bells', 'hellos'],
};

export async function startAdversaries(
  guests: Guests,
  seed: number,
  ways: Record<string, readonly string[]> = hostileWays,
): Promise<Adversary[]> {
  const started: Adversary[] = [];
  for (const [vm, its] of Object.entries(ways)) started.push(await Adversary.start(guests, vm, its, seed));
  return started;
}

/** Memory that a process has for itself: what it shares with VMs is theirs. */
export function ownKiB(pid: number): number {
  return Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}
