import { familyOf, protocolNumbers, type Rule } from './rule-set.js';

export const families = [4, 6] as const;
export type Family = (typeof families)[number];

/** A rule exists only in the families in which all that it names does: it is never made wider than it is written. */
export function existsIn(rule: Rule, family: Family): boolean {
  if (rule.protocol === 'icmp' && family === 6) return false;
  if (rule.protocol === 'icmpv6' && family === 4) return false;
  const { remote } = rule;
  return remote === undefined || !('cidr' in remote) || familyOf(remote.cidr) === family;
}

/** The number of a rule’s protocol; null: any. */
export function protocolOf({ protocol }: Rule): number | null {
  if (protocol === 'any') return null;
  return typeof protocol === 'number' ? protocol : protocolNumbers[protocol];
}
