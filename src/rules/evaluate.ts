import { addressNumber, rangeTest } from './address-range.js';
import { existsIn, families, protocolOf, type Family } from './families.js';
import type { GroupMembers } from './group-members.js';
import type { Policy, PolicyRule } from './policy.js';
import { portRanges } from './port-ranges.js';
import { familyOf, type Action } from './rule-set.js';

/** What sets a connection up, as the VM sees it whose policy decides. */
export interface Attempt {
  /** The other end, in its shortest form. */
  remoteAddress: string;
  protocol: number;
  /** Destination port of TCP and UDP. */
  port?: number;
  /** Of ICMP and ICMPv6. */
  type?: number;
  code?: number;
}

export interface Decision {
  action: Action;
  /** The rule that decided; null: the tenant’s default. */
  rule: PolicyRule | null;
}

export interface Verdict extends Decision {
  /** What it would be if the groups in audit mode were enforced; null: none is. */
  audit: Decision | null;
}

type Test = (attempt: Attempt, remote: bigint) => boolean;
type Tested = readonly [rule: PolicyRule, test: Test];
type Decide = (attempt: Attempt) => Decision;

/** The one evaluator: what it says of a connection is what nftables does with its first packet. */
export class Evaluator {
  readonly #decide: Decide;
  readonly #audit: Decide | null;

  constructor({ rules, otherwise, audit }: Policy, members: GroupMembers) {
    this.#decide = decider(rules, otherwise, members);
    this.#audit = audit === null ? null : decider(audit.rules, audit.otherwise, members);
  }

  evaluate(attempt: Attempt): Verdict {
    return { ...this.#decide(attempt), audit: this.#audit?.(attempt) ?? null };
  }
}

function decider(rules: readonly PolicyRule[], otherwise: Action, members: GroupMembers): Decide {
  const byFamily = new Map<Family, Tested[]>(
    families.map((family) => [
      family,
      rules.filter((rule) => existsIn(rule, family)).map((rule): Tested => [rule, testOf(rule, members)]),
    ]),
  );
  return (attempt) => {
    const remote = addressNumber(attempt.remoteAddress);
    const found = byFamily.get(familyOf(attempt.remoteAddress))!.find(([, test]) => test(attempt, remote));
    return found === undefined
      ? { action: otherwise, rule: null }
      : { action: found[0].action, rule: found[0] };
  };
}

function testOf(rule: PolicyRule, members: GroupMembers): Test {
  const tests: Test[] = [];
  const protocol = protocolOf(rule);
  if (protocol !== null) tests.push((attempt) => attempt.protocol === protocol);
  if (rule.ports !== undefined) {
    const ranges = portRanges(rule.ports);
    tests.push(({ port = -1 }) => ranges.some(([first, last]) => first <= port && port <= last));
  }
  if (rule.type !== undefined) tests.push(({ type }) => type === rule.type);
  if (rule.code !== undefined) tests.push(({ code }) => code === rule.code);
  const { remote } = rule;
  if (remote !== undefined && 'group' in remote) {
    const addresses = members.of(rule.tenant, remote.group);
    tests.push(({ remoteAddress }) => addresses.has(remoteAddress));
  } else if (remote !== undefined) {
    const isWithin = rangeTest(remote.cidr);
    tests.push((_attempt, address) => isWithin(address));
  }
  return (attempt, address) => tests.every((test) => test(attempt, address));
}
