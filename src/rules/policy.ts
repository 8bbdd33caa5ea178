import type { Action, Direction, Rule, RuleSet } from './rule-set.js';

/** A rule where it decides: with its group, of which it may name others. */
export interface PolicyRule extends Rule {
  tenant: string;
  group: string;
}

/** What decides about the connections of one VM in one direction: the first rule that matches, else the default. */
export interface Policy {
  tenant: string;
  direction: Direction;
  rules: readonly PolicyRule[];
  otherwise: Action;
  /** The same with the groups in audit mode, which only count: what would be decided if they were enforced. */
  audit: { rules: readonly PolicyRule[]; audited: ReadonlySet<string>; otherwise: Action } | null;
}

/**
 * The rules of all groups of a VM, ordered by (priority, deny before allow). Groups in audit mode are left out; where a
 * VM has no other groups, all passes. A tenant that the rule set does not name has no limits.
 */
export function policyOf({ tenants }: RuleSet, tenant: string, vm: string, direction: Direction): Policy {
  const found = Object.hasOwn(tenants, tenant) ? tenants[tenant] : undefined;
  if (found === undefined) return { tenant, direction, rules: [], otherwise: 'allow', audit: null };
  const names = Object.hasOwn(found.vms, vm) ? found.vms[vm]! : [];
  const audited = new Set(names.filter((name) => found.groups[name]!.mode === 'audit'));
  const rulesOf = (group: string): PolicyRule[] =>
    found.groups[group]!.rules.filter((rule) => rule.direction === direction).map((rule) => ({
      ...rule,
      tenant,
      group,
    }));
  const enforced = names.filter((name) => !audited.has(name));
  const otherwise = found.defaults[direction];
  const all = (): Policy['audit'] => ({ rules: inOrder(names.flatMap(rulesOf)), audited, otherwise });
  return {
    tenant,
    direction,
    rules: inOrder(enforced.flatMap(rulesOf)),
    otherwise: audited.size > 0 && enforced.length === 0 ? 'allow' : otherwise,
    audit: audited.size > 0 ? all() : null,
  };
}

/** Ids order what is else equal, so that every host has the same order. */
function inOrder(rules: PolicyRule[]): PolicyRule[] {
  return rules.sort(
    (a, b) =>
      a.priority - b.priority ||
      Number(a.action === 'allow') - Number(b.action === 'allow') ||
      (a.id < b.id ? -1 : 1),
  );
}
