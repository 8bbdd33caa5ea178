import type { HostRules } from '../../rules/host-rules.js';
import { nameOfRule } from '../../rules/host-rules.js';
import type { Attempt, Verdict } from '../../rules/evaluate.js';
import type { Side } from '../../rules/nft/live-sets.js';
import { protocolNumbers, type Direction } from '../../rules/rule-set.js';
import type { FlowSnapshot, FlowWithConnection } from '../flows/flow-snapshot.js';
import type { FlowWatch } from '../flows/flow-watch.js';
import { Pace } from '../../pace/pace.js';
import { connectionName, type LiveEnd } from './live-end.js';
import { bothSidesOf, type LiveEnds, type LivePlace } from './live-ends.js';

/** A flow that rules do not allow any more. */
export interface DeniedFlow {
  target: FlowWithConnection;
  /** The rule that denies it; `default` where none allows it. */
  rule: string;
}

/** Something open that rules do not allow, and the rule’s name. */
export interface DeniedEnd {
  end: LiveEnd;
  rule: string;
}

/** What rules do not allow of what is open at some places, by the host’s own knowledge: what a guest says of itself does not count. */
export async function deniedEnds(
  rules: HostRules,
  places: readonly LivePlace[],
  live: LiveEnds,
): Promise<DeniedEnd[]> {
  const pace = new Pace();
  const denied: DeniedEnd[] = [];
  for (const end of await live.list(places)) {
    if (pace.isDue) await pace.rest();
    const rule = deniedRule(verdictOf(rules, end));
    if (rule !== null) denied.push({ end, rule });
  }
  return denied;
}

/** The flows of such ends: their programs shall know of it. */
export async function deniedFlows(ends: readonly DeniedEnd[], watch: FlowWatch): Promise<DeniedFlow[]> {
  const rules = new Map<string, string>();
  for (const { end, rule } of ends) if (end.kind === 'tcp') rules.set(connectionName(end), rule);
  const denied: DeniedFlow[] = [];
  const take = async (snapshot: FlowSnapshot): Promise<void> => {
    const pace = new Pace();
    for (const seen of snapshot.each()) {
      if (pace.isDue) await pace.rest();
      const name = connectionName({ vm: seen.vm.name, ...seen.connection.socket });
      const rule = rules.get(name);
      if (rule === undefined) continue;
      rules.delete(name);
      denied.push({ target: snapshot.withConnection(seen), rule });
    }
  };
  // What is open by the host’s knowledge and was there at the last look needs no other one, which takes long; and a
  // program that saw the end of its fast path may have closed its socket by now.
  const last = await watch.lastSnapshot();
  if (last !== null) await take(last);
  if (rules.size > 0) await take(await watch.newSnapshot());
  return denied;
}

const deniedRule = ({ action, rule }: Verdict): string | null =>
  action === 'deny' ? nameOfRule(rule) : null;

/** Where other rules may judge otherwise than those before: nothing else that is open need be looked at. */
export function placesOfChange(before: HostRules, after: HostRules, vms: readonly string[]): LivePlace[] {
  return bothSidesOf(vms).filter(({ vm, side }) => {
    const direction = directionOf[side];
    return before.wording(vm, direction) !== after.wording(vm, direction);
  });
}

const directionOf: Record<Side, Direction> = { in: 'ingress', out: 'egress' };

function verdictOf(rules: HostRules, end: LiveEnd): Verdict {
  return rules.evaluate(end.vm, directionOf[end.side], attemptOf(end));
}

function attemptOf({ kind, family, side, localPort, remoteAddress, remotePort, number }: LiveEnd): Attempt {
  if (kind === 'other') return { remoteAddress, protocol: number };
  if (kind === 'ping')
    return family === 4
      ? { remoteAddress, protocol: protocolNumbers.icmp, type: 8, code: 0 }
      : { remoteAddress, protocol: protocolNumbers.icmpv6, type: 128, code: 0 };
  return { remoteAddress, protocol: protocolNumbers[kind], port: side === 'in' ? localPort : remotePort };
}
