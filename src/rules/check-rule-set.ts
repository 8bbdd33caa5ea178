import type { RuleSet, Tenant } from './rule-set.js';

/** What is wrong with a rule set, and where in it. */
export interface RuleSetProblem {
  path: PropertyKey[];
  message: string;
}

/** So many rules may decide for one VM in one direction, and so many for all of a host. */
export const maximumRulesOfVm = 1000;
export const maximumRules = 10_000;

/** The first thing that a schema cannot see: names that mean nothing, doubles, too many rules. */
export function checkRuleSet({ tenants }: RuleSet): RuleSetProblem | null {
  let total = 0;
  for (const [name, tenant] of Object.entries(tenants)) {
    const problem = checkTenant(tenant);
    if (problem !== null) return { ...problem, path: ['tenants', name, ...problem.path] };
    for (const { rules } of Object.values(tenant.groups)) total += rules.length;
  }
  if (total > maximumRules)
    return { path: ['tenants'], message: `there are ${total} rules, ${maximumRules} at most are possible` };
  return null;
}

function checkTenant({ groups, vms }: Tenant): RuleSetProblem | null {
  const places = new Map<string, string>();
  for (const [group, { rules }] of Object.entries(groups)) {
    for (const [index, rule] of rules.entries()) {
      const path = ['groups', group, 'rules', index];
      const other = places.get(rule.id);
      if (other !== undefined)
        return { path: [...path, 'id'], message: `the id ${rule.id} is taken in group ${other}` };
      places.set(rule.id, group);
      const { remote } = rule;
      if (remote !== undefined && 'group' in remote && !Object.hasOwn(groups, remote.group))
        return { path: [...path, 'remote', 'group'], message: `there is no group ${remote.group}` };
    }
  }
  for (const [vm, names] of Object.entries(vms)) {
    const path = ['vms', vm];
    const unknown = names.findIndex((group) => !Object.hasOwn(groups, group));
    if (unknown >= 0) return { path: [...path, unknown], message: `there is no group ${names[unknown]}` };
    if (new Set(names).size < names.length) return { path, message: 'a group is named twice' };
    for (const direction of ['ingress', 'egress']) {
      const rules = names.flatMap((group) => groups[group]!.rules);
      const count = rules.filter((rule) => rule.direction === direction).length;
      if (count > maximumRulesOfVm)
        return { path, message: `${vm} has ${count} ${direction} rules, ${maximumRulesOfVm} at most` };
    }
  }
  return null;
}
