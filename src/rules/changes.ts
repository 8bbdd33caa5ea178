import { isDeepStrictEqual } from 'node:util';
import type { RuleSet, Tenant } from './rule-set.js';

/** One thing in which two rule sets differ. */
export interface Change {
  change: 'added' | 'removed' | 'changed';
  tenant: string;
  kind: 'default' | 'group' | 'rule' | 'vm';
  /** Name of the group, the rule or the VM; the direction of a default. */
  name: string;
  before: string | null;
  after: string | null;
}

/** All that a new rule set changes, in order: tenant by tenant. */
export function changesBetween(before: RuleSet, after: RuleSet): Change[] {
  const names = new Set([...Object.keys(before.tenants), ...Object.keys(after.tenants)]);
  return [...names].sort().flatMap((tenant) => {
    const [old, now] = [before, after].map((set) => partsOf(ownValue(set.tenants, tenant)));
    const keys = new Set([...old!.keys(), ...now!.keys()]);
    return [...keys].flatMap((key) => {
      const [was, is] = [old!.get(key), now!.get(key)];
      if (isDeepStrictEqual(was, is)) return [];
      const change = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed';
      const [kind, name] = key.split(' ') as [Change['kind'], string];
      return [{ change, tenant, kind, name, before: textOf(was), after: textOf(is) } as const];
    });
  });
}

function partsOf(tenant: Tenant | undefined): Map<string, unknown> {
  const parts = new Map<string, unknown>();
  if (tenant === undefined) return parts;
  for (const [direction, action] of Object.entries(tenant.defaults))
    parts.set(`default ${direction}`, action);
  for (const [name, { rules, ...group }] of Object.entries(tenant.groups)) {
    parts.set(`group ${name}`, group);
    for (const rule of rules) parts.set(`rule ${rule.id}`, { group: name, ...rule });
  }
  for (const [vm, groups] of Object.entries(tenant.vms)) parts.set(`vm ${vm}`, groups);
  return parts;
}

function textOf(value: unknown): string | null {
  if (value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function ownValue<Value>(record: Record<string, Value>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
