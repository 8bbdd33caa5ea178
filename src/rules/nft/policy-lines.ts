import { plainCidr } from '../address-range.js';
import { existsIn, protocolOf, type Family } from '../families.js';
import type { Policy, PolicyRule } from '../policy.js';
import { portRanges } from '../port-ranges.js';
import type { Action } from '../rule-set.js';
import { defaultCounter, groupSet, ruleCounter } from './names.js';

const statement: Record<Action, string> = { allow: 'return', deny: 'drop' };

/** The chain that decides: `return` allows. */
export function policyLines({ rules, otherwise, direction, tenant }: Policy, family: Family): string[] {
  return [
    ...rules
      .filter((rule) => existsIn(rule, family))
      .flatMap((rule) => {
        const decision = `${count(ruleCounter(tenant, rule.id))} ${statement[rule.action]}`;
        return matches(rule, family).map((match) => `${match}${decision}`);
      }),
    `${count(defaultCounter(tenant, direction))} ${statement[otherwise]}`,
  ];
}

/** The chain that counts what groups in audit mode would decide, and lets all pass. Null: none is in that mode. */
export function auditLines({ audit, direction, tenant }: Policy, family: Family): string[] | null {
  if (audit === null) return null;
  const lines = audit.rules
    .filter((rule) => existsIn(rule, family))
    .flatMap((rule) => {
      const counter = audit.audited.has(rule.group) ? count(ruleCounter(tenant, rule.id)) : '';
      return matches(rule, family).map((match) => `${match}${counter} return`);
    });
  return [...lines, `${count(defaultCounter(tenant, direction, true))} return`];
}

const count = (counter: string): string => `counter name ${counter}`;

/**
 * Up to so many ranges of ports have a line each. More are a set, for whose name the kernel looks through all sets of the
 * table: thousands of them take it seconds.
 */
const rangesInLines = 4;

/** What a rule matches, each in a line of its own, with a space behind where it is anything. No packet matches two. */
function matches(rule: PolicyRule, family: Family): string[] {
  if (rule.ports === undefined) return [match(rule, family, null)];
  const ranges = portRanges(rule.ports).map(([first, last]) =>
    first === last ? String(first) : `${first}-${last}`,
  );
  return ranges.length <= rangesInLines
    ? ranges.map((range) => match(rule, family, range))
    : [match(rule, family, `{ ${ranges.join(', ')} }`)];
}

function match(rule: PolicyRule, family: Family, ports: string | null): string {
  const words: string[] = [];
  const protocol = protocolOf(rule);
  if (protocol !== null) words.push(`meta l4proto ${protocol}`);
  if (ports !== null) words.push(`th dport ${ports}`);
  if (rule.type !== undefined) words.push(`${rule.protocol} type ${rule.type}`);
  if (rule.code !== undefined) words.push(`${rule.protocol} code ${rule.code}`);
  const { remote } = rule;
  const address = `${family === 4 ? 'ip' : 'ip6'} ${rule.direction === 'ingress' ? 'saddr' : 'daddr'}`;
  if (remote !== undefined && 'group' in remote)
    words.push(`${address} @${groupSet(rule.tenant, remote.group, family)}`);
  // Every address: nft has no prefix of no bits in a match.
  else if (remote !== undefined && !remote.cidr.endsWith('/0'))
    words.push(`${address} ${plainCidr(remote.cidr)}`);
  return words.map((word) => `${word} `).join('');
}
