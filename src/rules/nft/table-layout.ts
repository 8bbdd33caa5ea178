import { families } from '../families.js';
import type { GroupMembers } from '../group-members.js';
import { policyOf } from '../policy.js';
import { directions, familyOf, type Direction, type RuleSet } from '../rule-set.js';
import type { GuardedVm } from './guarded-vm.js';
import { emptyLayout, type Layout } from './layout.js';
import type { Side } from './live-sets.js';
import { defaultCounter, groupSet, policyChain, ruleCounter, vmPrefix } from './names.js';
import { auditLines, policyLines } from './policy-lines.js';
import { rulesChain } from './traffic-words.js';
import { addVm } from './vm-layout.js';

export const sideOf: Record<Direction, Side> = { ingress: 'in', egress: 'out' };

/** All that our table holds on a host with these VMs. */
export function tableLayout(
  ruleSet: RuleSet,
  members: GroupMembers,
  vms: readonly GuardedVm[],
  /** Interfaces that lead to other hosts. */
  uplinks: readonly string[],
): Layout {
  const layout = emptyLayout();
  addTenants(layout, ruleSet, members, new Set(vms.map(({ tenant }) => tenant)));
  for (const vm of vms) {
    addVm(layout, vm);
    for (const direction of directions) addPolicy(layout, ruleSet, vm, direction);
  }
  addHooks(layout, vms, uplinks);
  return layout;
}

/** Counters of all rules, and the members of groups, of those tenants that have VMs here. */
function addTenants(layout: Layout, ruleSet: RuleSet, members: GroupMembers, here: Set<string>): void {
  for (const tenant of here) {
    for (const direction of directions) {
      layout.counters.set(defaultCounter(tenant, direction), `${tenant}: default of ${direction}`);
      layout.counters.set(
        defaultCounter(tenant, direction, true),
        `${tenant}: default of ${direction}, audit`,
      );
    }
    const groups = Object.hasOwn(ruleSet.tenants, tenant) ? ruleSet.tenants[tenant]!.groups : {};
    for (const [group, { rules }] of Object.entries(groups)) {
      for (const { id } of rules)
        layout.counters.set(ruleCounter(tenant, id), `${tenant}/${id}`.slice(0, 128));
      for (const family of families)
        layout.sets.set(groupSet(tenant, group, family), {
          kind: 'set',
          definition: `type ${family === 4 ? 'ipv4_addr' : 'ipv6_addr'};`,
          elements: new Set([...members.of(tenant, group)].filter((address) => familyOf(address) === family)),
        });
    }
  }
}

function addPolicy(layout: Layout, ruleSet: RuleSet, vm: GuardedVm, direction: Direction): void {
  const policy = policyOf(ruleSet, vm.tenant, vm.name, direction);
  for (const family of families) {
    const parts = [auditLines(policy, family), policyLines(policy, family)].filter((lines) => lines !== null);
    const rules = parts.map((lines) => {
      const name = policyChain(lines);
      layout.chains.set(name, { hook: null, rules: lines });
      return `jump ${name}`;
    });
    layout.chains.set(rulesChain(vmPrefix(vm.name), sideOf[direction], family), { hook: null, rules });
  }
}

/** Where the kernel comes in, and which interface leads to which chain. */
function addHooks(layout: Layout, vms: readonly GuardedVm[], uplinks: readonly string[]): void {
  const quoted = (name: string): string => `"${name}"`;
  const ways = (verdict: string, chain: string): Set<string> =>
    new Set(vms.map((vm) => `${quoted(vm.interface)} : ${verdict} ${vmPrefix(vm.name)}_${chain}`));
  const map = (name: string, elements: Set<string>): void =>
    void layout.sets.set(name, { kind: 'map', definition: 'type ifname : verdict;', elements });
  map('guard', ways('goto', 'guard'));
  map('out', ways('jump', 'out'));
  map('in', ways('jump', 'in'));
  const set = (name: string, interfaces: string[]): void =>
    void layout.sets.set(name, {
      kind: 'set',
      definition: 'type ifname;',
      elements: new Set(interfaces.map(quoted)),
    });
  set('ports', [...vms.map((vm) => vm.interface), ...uplinks]);
  set('uplinks', [...uplinks]);
  layout.chains.set('prerouting', {
    // Before the bridge learns from the frame.
    hook: 'type filter hook prerouting priority -300; policy accept;',
    rules: ['iifname vmap @guard'],
  });
  layout.chains.set('forward', {
    hook: 'type filter hook forward priority 0; policy accept;',
    rules: [
      // A port that is no VM’s of ours has no way to other hosts.
      'iifname @uplinks oifname != @ports drop',
      'oifname @uplinks iifname != @ports drop',
      'iifname vmap @out',
      'oifname vmap @in',
    ],
  });
}
