import type { RuleEntry, RuleRevision } from '../../api/rule.js';
import type { RulesChanged, RulesInForce, RulesTest, RulesVerdict } from '../../api/rules-change.js';
import type { HostConfig } from '../../config/host-config.js';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { formatAddress, parseAddress } from '../../ledger/address.js';
import { nameOfRule } from '../../rules/host-rules.js';
import { defaultCounter, ruleCounter } from '../../rules/nft/names.js';
import type { FlowWatch } from '../flows/flow-watch.js';
import { directions, type Direction, type Rule, type RuleSet } from '../../rules/rule-set.js';
import { readCounters } from './read-table.js';
import type { KernelRules } from './kernel-rules.js';
import type { ChangeOutcome, RuleKeeper } from './rule-keeper.js';
import type { RevisionStore } from './revision-store.js';

type OpenFlows = Pick<RuleEntry, 'flows' | 'flowBytes'>;
const none: OpenFlows = { flows: 0, flowBytes: 0 };
const openKey = (tenant: string, direction: Direction, rule: string): string =>
  `${tenant} ${direction} ${rule}`;

/** What the API says of rules. */
export class RulesApi {
  constructor(
    private readonly config: HostConfig,
    private readonly keeper: RuleKeeper,
    private readonly kernel: Pick<KernelRules, 'problem'>,
    private readonly store: RevisionStore,
    private readonly watch: Pick<FlowWatch, 'snapshot'>,
  ) {}

  inForce(): RulesInForce {
    const { number, ruleSet } = this.keeper.revision;
    return { revision: number, problem: this.kernel.problem, ruleSet };
  }

  async rules(): Promise<RuleEntry[]> {
    const { host, vms } = this.config;
    const hits = this.kernel.problem === null ? await readCounters().catch(() => null) : null;
    const open = await this.#openFlows();
    const { tenants } = this.keeper.revision.ruleSet;
    const here = [...new Set(vms.map(({ tenant }) => tenant))];
    return here.flatMap((tenant) => {
      const found = Object.hasOwn(tenants, tenant) ? tenants[tenant] : undefined;
      const own = vms.filter((vm) => vm.tenant === tenant).map(({ name }) => name);
      const groupsOf = (vm: string): string[] =>
        found !== undefined && Object.hasOwn(found.vms, vm) ? found.vms[vm]! : [];
      const entries = Object.entries(found?.groups ?? {}).flatMap(([group, { mode, rules }]) =>
        rules.map((rule): RuleEntry => ({
          ...describe(rule),
          id: `${tenant}/${rule.id}`,
          host,
          tenant,
          group,
          mode,
          vms: own.filter((vm) => groupsOf(vm).includes(group)).length,
          hits: hits === null ? null : (hits.get(ruleCounter(tenant, rule.id)) ?? 0),
          ...(open.get(openKey(tenant, rule.direction, rule.id)) ?? none),
        })),
      );
      const defaults = directions.map((direction): RuleEntry => ({
        id: `${tenant}/default-${direction}`,
        host,
        tenant,
        group: null,
        rule: `default-${direction}`,
        mode: 'enforce',
        direction,
        action: found?.defaults[direction] ?? 'allow',
        priority: null,
        protocol: 'any',
        ports: null,
        remote: null,
        vms: own.length,
        hits: hits === null ? null : (hits.get(defaultCounter(tenant, direction)) ?? 0),
        ...(open.get(openKey(tenant, direction, nameOfRule(null))) ?? none),
        description: found === undefined ? 'the tenant has no rules' : '',
      }));
      return [...entries, ...defaults];
    });
  }

  /** What is open by each rule. */
  async #openFlows(): Promise<Map<string, OpenFlows>> {
    const open = new Map<string, OpenFlows>();
    const snapshot = await this.watch.snapshot();
    for (const seen of snapshot.each()) {
      const rule = snapshot.ruleOf(seen);
      if (rule === null) continue;
      const { vm, connection, txBytes, rxBytes } = seen;
      const key = openKey(vm.tenant, connection.direction === 'in' ? 'ingress' : 'egress', rule);
      const { flows, flowBytes } = open.get(key) ?? none;
      open.set(key, { flows: flows + 1, flowBytes: flowBytes + txBytes + rxBytes });
    }
    return open;
  }

  revisions(): RuleRevision[] {
    const current = this.keeper.revision.number;
    return this.store.numbers().map((number) => {
      const { at, by, note, unlessConfirmed, ruleSet } = this.store.read(number);
      return {
        id: `${this.config.host}/${number}`,
        host: this.config.host,
        revision: number,
        at,
        by,
        note,
        rules: countRules(ruleSet),
        confirmBefore: unlessConfirmed?.until ?? null,
        inForce: number === current,
      };
    });
  }

  test({ vm, direction, remoteAddress, ...attempt }: RulesTest): RulesVerdict {
    if (!this.config.vms.some(({ name }) => name === vm))
      throw new VsocketError('no-such-vm', `no VM ${JSON.stringify(vm)} on this host`, '', ExitCode.notFound);
    const { action, rule, audit } = this.keeper.rules.evaluate(vm, direction, {
      protocol: attempt.protocol,
      ...(attempt.port === undefined ? {} : { port: attempt.port }),
      ...(attempt.type === undefined ? {} : { type: attempt.type, code: attempt.code ?? 0 }),
      remoteAddress: formatAddress(parseAddress(remoteAddress)),
    });
    return {
      host: this.config.host,
      vm,
      direction,
      action,
      rule: nameOfRule(rule),
      group: rule?.group ?? null,
      auditAction: audit?.action ?? null,
      auditRule: audit === null ? null : nameOfRule(audit.rule),
    };
  }
}

export function describeOutcome({ revision, changes, ended }: ChangeOutcome): RulesChanged {
  return {
    revision,
    changes,
    flows: ended.map(({ target: { flow }, rule }) => ({
      id: flow.id,
      rule,
      localAddress: flow.localAddress,
      localPort: flow.localPort,
      remoteAddress: flow.remoteAddress,
      remotePort: flow.remotePort,
      program: flow.program,
      path: flow.path,
    })),
  };
}

function countRules({ tenants }: RuleSet): number {
  return Object.values(tenants)
    .flatMap(({ groups }) => Object.values(groups))
    .reduce((sum, { rules }) => sum + rules.length, 0);
}

function describe(
  rule: Rule,
): Pick<
  RuleEntry,
  'rule' | 'direction' | 'action' | 'priority' | 'protocol' | 'ports' | 'remote' | 'description'
> {
  const { id, direction, action, priority, protocol, ports, type, code, remote, description = '' } = rule;
  const icmp = type === undefined ? null : `type ${type}${code === undefined ? '' : ` code ${code}`}`;
  return {
    rule: id,
    direction,
    action,
    priority,
    protocol: String(protocol),
    ports: ports?.join(',') ?? icmp,
    remote: remote === undefined ? null : 'cidr' in remote ? remote.cidr : `group:${remote.group}`,
    description,
  };
}
