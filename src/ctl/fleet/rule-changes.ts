import { randomUUID } from 'node:crypto';
import type { RulesApply, RulesRollback } from '../../api/rules-change.js';
import type { EffectRow } from '../columns/effect-table.js';
import type { Fleet, HostOutcome } from './fleet.js';
import type { HostClient, SeenRulesChanged } from './host-client.js';

/** The limit for one host, in milliseconds: many flows may end. */
const limitMilliseconds = 60_000;

/** What each host is told; hosts without an entry are left alone. */
export type RulesByHost = ReadonlyMap<string, RulesApply>;

/** What a change would do on each host; nothing is done. */
export function planRules(fleet: Fleet, rules: RulesByHost): Promise<HostOutcome<SeenRulesChanged>[]> {
  return fleet.eachInWaves([...rules.keys()], (host) =>
    planHost(fleet, host, '/v1/rules/apply', rules.get(host)!),
  );
}

/** The same of going back. */
export function planRollback(fleet: Fleet, body: RulesRollback): Promise<HostOutcome<SeenRulesChanged>[]> {
  return fleet.eachInWaves(fleet.names, (host) => planHost(fleet, host, '/v1/rules/rollback', body));
}

/** Changes the rules of each host, in one transaction on each. A host that fails keeps its old ones. */
export function applyRules(fleet: Fleet, rules: RulesByHost): Promise<HostOutcome<SeenRulesChanged>[]> {
  return fleet.eachInWaves([...rules.keys()], (host) =>
    changeHost(fleet, host, '/v1/rules/apply', rules.get(host)!),
  );
}

/** @param bodies by host */
export function rollbackRules(
  fleet: Fleet,
  bodies: ReadonlyMap<string, RulesRollback>,
): Promise<HostOutcome<SeenRulesChanged>[]> {
  return fleet.eachInWaves([...bodies.keys()], (host) =>
    changeHost(fleet, host, '/v1/rules/rollback', bodies.get(host)!),
  );
}

export function confirmRules(fleet: Fleet): Promise<HostOutcome<SeenRulesChanged>[]> {
  return fleet.eachInWaves(fleet.names, (host) => changeHost(fleet, host, '/v1/rules/confirm', {}));
}

function planHost(
  fleet: Fleet,
  host: string,
  path: string,
  body: object,
): Promise<HostOutcome<SeenRulesChanged>> {
  const ask = (client: HostClient, signal: AbortSignal): Promise<SeenRulesChanged> =>
    client.wouldChangeRules(path, body, signal);
  return fleet.askOne(host, ask, limitMilliseconds);
}

function changeHost(
  fleet: Fleet,
  host: string,
  path: string,
  body: object,
): Promise<HostOutcome<SeenRulesChanged>> {
  const change = randomUUID();
  return fleet.askOne(
    host,
    (client, signal) => client.changeRules(path, body, change, signal),
    limitMilliseconds,
  );
}

/** All that happens on all hosts that answered, as rows. */
export function effectsOf(outcomes: readonly HostOutcome<SeenRulesChanged>[]): EffectRow[] {
  return outcomes.flatMap((outcome) => {
    if (!outcome.ok) return [];
    const { host, answer } = outcome;
    const changes = answer.changes.map(({ change, kind, tenant, name, after, before }) => ({
      host,
      effect: change ?? '',
      kind: kind ?? '',
      name: `${tenant}/${name}`,
      detail: after ?? before ?? '',
    }));
    const ended = answer.flows.map((flow) => ({
      host,
      effect: 'ends',
      kind: 'flow',
      name: flow.id,
      detail:
        `${flow.localAddress}:${flow.localPort} to ${flow.remoteAddress}:${flow.remotePort} ` +
        `(${flow.program ?? 'program not known'}, ${flow.path}) by rule ${flow.rule}`,
    }));
    return [...changes, ...ended];
  });
}
