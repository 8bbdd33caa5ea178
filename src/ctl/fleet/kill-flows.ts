import type { Flow } from '../../api/flow.js';
import type { KillRequest } from '../../api/kill.js';
import type { Seen } from '../../api/seen.js';
import { ExitCode } from '../../errors/exit-code.js';
import type { OutcomeRow } from '../columns/outcome-table.js';
import type { Fleet, HostOutcome } from './fleet.js';

/** The flows that a request is about, host by host. */
export interface KillPlan {
  request: KillRequest;
  flows: Seen<Flow>[];
  /** How looking for them went. A host that does not know the flow or VM has answered with none. */
  outcomes: HostOutcome<Seen<Flow>[]>[];
}

/** Asks every host which of its flows the request means, killing none. */
export async function planKill(fleet: Fleet, request: KillRequest): Promise<KillPlan> {
  const outcomes = await fleet.askAll((host, signal) => host.wouldKill(request, signal));
  const known = outcomes.map((outcome): HostOutcome<Seen<Flow>[]> => {
    const absent = !outcome.ok && outcome.error.exitCode === ExitCode.notFound;
    return absent ? { host: outcome.host, ok: true, answer: [] } : outcome;
  });
  return { request, outcomes: known, flows: known.flatMap((outcome) => (outcome.ok ? outcome.answer : [])) };
}

/** Kills what was planned, at the hosts that have it. A VM is named as such, so that its newest flows end too. */
export async function carryOutKill(
  fleet: Fleet,
  plan: { request: KillRequest; flows: readonly { id: string; host: string }[] },
): Promise<HostOutcome<OutcomeRow[]>[]> {
  const hosts = [...new Set(plan.flows.map((flow) => flow.host))];
  return fleet.askAll(async (host, signal) => {
    const ids = plan.flows.filter((flow) => flow.host === host.name).map((flow) => flow.id);
    const requests = 'vm' in plan.request ? [plan.request] : inParts(ids).map((part) => ({ ids: part }));
    const rows: OutcomeRow[] = [];
    for (const request of requests) {
      const outcomes = await host.kill(request, signal);
      rows.push(...outcomes.map((outcome) => ({ ...outcome, host: host.name })));
    }
    return rows;
  }, hosts);
}

/** KillRequest takes at most 10,000 ids. */
const idsInOneRequest = 10_000;

function inParts(ids: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let start = 0; start < ids.length; start += idsInOneRequest)
    parts.push(ids.slice(start, start + idsInOneRequest));
  return parts;
}
