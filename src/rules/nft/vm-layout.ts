import { families } from '../families.js';
import { familyOf } from '../rule-set.js';
import { guardChains } from './guard-chains.js';
import type { GuardedVm } from './guarded-vm.js';
import type { Layout } from './layout.js';
import { liveSets, sides } from './live-sets.js';
import { vmPrefix } from './names.js';
import { trafficChains } from './traffic-chains.js';
import { entryChain } from './traffic-words.js';

/** What is counted for a VM beside its rules. */
export const vmCounters = {
  spoof: 'sent from addresses that are not its own',
  stray: 'belongs to no connection that was let in',
  full: 'there was no room to remember it',
} as const;

/** Adds what a VM has of its own, but for the way to its policy. */
export function addVm(layout: Layout, vm: GuardedVm): void {
  const v = vmPrefix(vm.name);
  for (const [counter, text] of Object.entries(vmCounters))
    layout.counters.set(`${v}_${counter}`, `${vm.name}: ${text}`);
  for (const family of families)
    layout.sets.set(`${v}_a${family}`, {
      kind: 'set',
      definition: `type ${family === 4 ? 'ipv4_addr' : 'ipv6_addr'};`,
      elements: new Set(vm.addresses.filter((address) => familyOf(address) === family)),
    });
  for (const [name, set] of Object.entries(liveSets(v))) layout.sets.set(name, set);
  const chains = (added: Record<string, string[]>): void => {
    for (const [name, rules] of Object.entries(added)) layout.chains.set(name, { hook: null, rules });
  };
  chains(guardChains(vm, v));
  for (const side of sides) for (const family of families) chains(trafficChains(v, side, family));
  const way = (side: 'in' | 'out'): string =>
    `ip : goto ${entryChain(v, side, 4)}, ip6 : goto ${entryChain(v, side, 6)}`;
  chains({
    // What is neither has passed the guard, so it is ARP or RARP.
    [`${v}_out`]: [`ether type vmap { ${way('out')} }`],
    [`${v}_in`]: [
      // What a bridge floods is not for every VM that it reaches.
      `ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 ether daddr != ${vm.mac} drop`,
      `ether type vmap { ${way('in')}, arp : return, 0x8035 : return }`,
      'drop',
    ],
  });
}
