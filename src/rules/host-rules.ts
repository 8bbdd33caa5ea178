import { z } from 'zod';
import { Evaluator, type Attempt, type Verdict } from './evaluate.js';
import { GroupMembers } from './group-members.js';
import { policyOf, type Policy, type PolicyRule } from './policy.js';
import { protocolNumbers, RuleSet, type Direction } from './rule-set.js';

/** The rules of a host and who is in their groups: plain data, which its two processes hand to each other. */
export const RulesState = z.object({
  ruleSet: RuleSet,
  addresses: z
    .record(z.string(), z.record(z.string(), z.array(z.string())))
    .describe('of VMs, on this host and on others, by tenant and name'),
});
export type RulesState = z.infer<typeof RulesState>;

/** A TCP connection as one of its VMs sees it. */
export interface TcpEnd {
  direction: 'in' | 'out';
  localPort: number;
  remoteAddress: string;
  remotePort: number;
}

const rememberedVerdicts = 16_384;

/** Answers for the VMs of one host. */
export class HostRules {
  readonly members: GroupMembers;
  /** By VM, its tenant. */
  readonly #tenants: ReadonlyMap<string, string>;
  /** Made when they are needed: where nothing is open, thousands of rules are never asked. */
  readonly #evaluators = new Map<string, Evaluator>();
  /** Of many connections to one port, one is judged for all. */
  readonly #verdicts = new Map<string, Verdict>();

  constructor(
    readonly state: RulesState,
    vms: readonly { name: string; tenant: string }[],
  ) {
    this.members = new GroupMembers(
      state.ruleSet,
      (tenant, vm) => ownValue(ownValue(state.addresses, tenant) ?? {}, vm) ?? [],
    );
    this.#tenants = new Map(vms.map(({ name, tenant }) => [name, tenant]));
  }

  /** All that decides about a VM in one direction, as text: where it is the same, so is each verdict. */
  wording(vm: string, direction: Direction): string {
    const policy = this.#policy(vm, direction);
    const groups = new Set(
      policy.rules.flatMap(({ remote }) => (remote !== undefined && 'group' in remote ? [remote.group] : [])),
    );
    const members = [...groups].map((group) => [...this.members.of(policy.tenant, group)]);
    return JSON.stringify([policy.rules, policy.otherwise, members]);
  }

  /** @throws Error where the VM is not of this host */
  evaluate(vm: string, direction: Direction, attempt: Attempt): Verdict {
    const { remoteAddress, protocol, port, type, code } = attempt;
    const key = `${vm} ${direction} ${protocol} ${port ?? ''} ${type ?? ''} ${code ?? ''} ${remoteAddress}`;
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const verdict = this.#evaluator(vm, direction).evaluate(attempt);
    if (this.#verdicts.size === rememberedVerdicts) this.#verdicts.clear();
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  #evaluator(vm: string, direction: Direction): Evaluator {
    const key = `${vm} ${direction}`;
    const known = this.#evaluators.get(key);
    if (known !== undefined) return known;
    const evaluator = new Evaluator(this.#policy(vm, direction), this.members);
    this.#evaluators.set(key, evaluator);
    return evaluator;
  }

  #policy(vm: string, direction: Direction): Policy {
    const tenant = this.#tenants.get(vm);
    if (tenant === undefined) throw new Error(`no rules for VM ${vm}`);
    return policyOf(this.state.ruleSet, tenant, vm, direction);
  }

  /** What the rules of its VM say of a connection that is there. */
  evaluateTcp(vm: string, { direction, localPort, remoteAddress, remotePort }: TcpEnd): Verdict {
    const isIn = direction === 'in';
    return this.evaluate(vm, isIn ? 'ingress' : 'egress', {
      remoteAddress,
      protocol: protocolNumbers.tcp,
      port: isIn ? localPort : remotePort,
    });
  }
}

/** How a verdict is told: the rule, or the default that decided. */
export function nameOfRule(rule: Pick<PolicyRule, 'group' | 'id'> | null): string {
  return rule === null ? 'default' : rule.id;
}

function ownValue<Value>(record: Record<string, Value>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
