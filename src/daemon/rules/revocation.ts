import type { HostRules } from '../../rules/host-rules.js';
import { nameOfRule } from '../../rules/host-rules.js';
import type { Attempt, Verdict } from '../../rules/evaluate.js';
import { protocolNumbers } from '../../rules/rule-set.js';
import type { FlowWithConnection } from '../flows/flow-snapshot.js';
import type { FlowWatch } from '../flows/flow-watch.js';
import { Pace } from '../pace.js';
import type { LiveEnd } from './live-end.js';
import type { LiveEnds } from './live-ends.js';
import { liveEndOfFlow } from './open-connections.js';

/** A flow that rules do not allow any more. */
export interface DeniedFlow {
  target: FlowWithConnection;
  /** The rule that denies it; `default` where none allows it. */
  rule: string;
}

/** What rules do not allow of what is open. */
export interface Denied {
  ends: LiveEnd[];
  flows: DeniedFlow[];
}

/**
 * Compares what is open with rules. Who opened a connection is the host’s own knowledge, where it has any, and else
 * what the VM’s kernel shows; what a guest says of itself does not count.
 */
export async function deniedBy(
  rules: HostRules,
  vms: readonly string[],
  live: LiveEnds,
  watch: FlowWatch,
): Promise<Denied> {
  const pace = new Pace();
  const denied: Denied = { ends: [], flows: [] };
  const known = new Map<string, string | null>();
  for (const end of await live.list(vms)) {
    if (pace.isDue) await pace.rest();
    const verdict = verdictOf(rules, end);
    if (verdict.action === 'deny') denied.ends.push(end);
    if (end.kind === 'tcp') known.set(connectionName(end), deniedRule(verdict));
  }
  const snapshot = await watch.newSnapshot();
  for (const vm of vms)
    for (const target of snapshot.ofVm(vm)) {
      if (pace.isDue) await pace.rest();
      const end = liveEndOfFlow(target);
      const seen = known.get(connectionName(end));
      const rule = seen === undefined ? deniedRule(verdictOf(rules, end)) : seen;
      if (rule !== null) denied.flows.push({ target, rule });
    }
  return denied;
}

const deniedRule = ({ action, rule }: Verdict): string | null =>
  action === 'deny' ? nameOfRule(rule) : null;

/** The same for whoever opened it. */
export function connectionName({
  vm,
  localAddress,
  localPort,
  remoteAddress,
  remotePort,
}: Pick<LiveEnd, 'vm' | 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>): string {
  return `${vm} ${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
}

function verdictOf(rules: HostRules, end: LiveEnd): Verdict {
  return rules.evaluate(end.vm, end.side === 'in' ? 'ingress' : 'egress', attemptOf(end));
}

function attemptOf({ kind, side, family, localPort, remoteAddress, remotePort, number }: LiveEnd): Attempt {
  if (kind === 'other') return { remoteAddress, protocol: number };
  if (kind === 'ping')
    return family === 4
      ? { remoteAddress, protocol: protocolNumbers.icmp, type: 8, code: 0 }
      : { remoteAddress, protocol: protocolNumbers.icmpv6, type: 128, code: 0 };
  return { remoteAddress, protocol: protocolNumbers[kind], port: side === 'in' ? localPort : remotePort };
}
