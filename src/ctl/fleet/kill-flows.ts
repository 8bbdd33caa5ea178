import { randomUUID } from 'node:crypto';
import type { Flow } from '../../api/flow.js';
import type { KillRequest } from '../../api/kill.js';
import type { Seen } from '../../api/seen.js';
import { ExitCode } from '../../errors/exit-code.js';
import type { VsocketError } from '../../errors/vsocket-error.js';
import type { OutcomeRow } from '../columns/outcome-table.js';
import type { FlowRow } from '../columns/flow-table.js';
import { answersOf, type Fleet, type HostOutcome } from './fleet.js';

/** What is to be killed: flows by their ids, all of one VM, or those that a predicate picks. */
export type KillSelection = { ids: string[] } | { vm: string } | { matches: (flow: FlowRow) => boolean };

/** The flows that a selection means, host by host. */
export interface KillPlan {
  /** All flows of this VM, also those that are younger than the plan. */
  vm: string | null;
  flows: Seen<Flow>[];
  /** How looking for them went. A host that does not know the flow or VM has answered with none. */
  outcomes: HostOutcome<Seen<Flow>[]>[];
}

/** What a host ends in one request: it takes a second or so, and shows that it goes on. */
const flowsInOneRequest = 500;

/** The limit of one such request, in milliseconds. What takes longer has an unknown outcome, so it is a wide one. */
const killLimitMilliseconds = 60_000;

/** Asks every host which of its flows are meant, killing none; also whether one may. */
export async function planKill(fleet: Fleet, selection: KillSelection): Promise<KillPlan> {
  const outcomes = await fleet.askAll(async (host, signal): Promise<Seen<Flow>[]> => {
    if ('vm' in selection) return host.wouldKill(selection, signal);
    const ids =
      'ids' in selection
        ? selection.ids
        : (await host.list('flows', {}, signal)).filter(selection.matches).map(({ id }) => id);
    const parts = inParts(ids);
    const flows: Seen<Flow>[] = [];
    for (const part of parts) flows.push(...(await host.wouldKill({ ids: part }, signal)));
    return flows;
  });
  const known = outcomes.map((outcome): HostOutcome<Seen<Flow>[]> => {
    const absent = !outcome.ok && outcome.error.exitCode === ExitCode.notFound;
    return absent ? { host: outcome.host, ok: true, answer: [] } : outcome;
  });
  return { vm: 'vm' in selection ? selection.vm : null, outcomes: known, flows: answersOf(known) };
}

/** What became of a kill. */
export interface KillResult {
  rows: OutcomeRow[];
  outcomes: HostOutcome<OutcomeRow[]>[];
}

/**
 * Kills what was planned, at the hosts that have it, some hundred flows at a time.
 * @param onProgress gets the number of flows whose outcome is known
 */
export async function carryOutKill(
  fleet: Fleet,
  plan: { vm: string | null; flows: readonly { id: string; host: string }[] },
  onProgress: (done: number) => void = () => undefined,
): Promise<KillResult> {
  let done = 0;
  const hosts = [...new Set(plan.flows.map((flow) => flow.host))];
  const killings = await fleet.eachInWaves(hosts, (host) => {
    const ids = plan.flows.filter((flow) => flow.host === host).map((flow) => flow.id);
    const requests: KillRequest[] = inParts(ids).map((part) => ({ ids: part }));
    // At last the VM by its name: what it has opened meanwhile ends too.
    if (plan.vm !== null) requests.push({ vm: plan.vm });
    return killAtHost(fleet, host, requests, (count) => onProgress((done += count)));
  });
  return { rows: killings.flatMap(({ rows }) => rows), outcomes: killings.map(({ outcome }) => outcome) };
}

async function killAtHost(
  fleet: Fleet,
  host: string,
  requests: readonly KillRequest[],
  onDone: (count: number) => void,
): Promise<{ rows: OutcomeRow[]; outcome: HostOutcome<OutcomeRow[]> }> {
  const rows: OutcomeRow[] = [];
  for (const [index, request] of requests.entries()) {
    const change = randomUUID();
    const outcome = await fleet.askOne(
      host,
      (client, signal) => client.kill(request, change, signal),
      killLimitMilliseconds,
    );
    if (outcome.ok) {
      rows.push(...outcome.answer.map((row) => ({ ...row, host })));
      onDone(outcome.answer.length);
      continue;
    }
    rows.push(...unfinishedRows(host, outcome.error, change, request, requests.slice(index + 1)));
    return { rows, outcome };
  }
  return { rows, outcome: { host, ok: true, answer: rows } };
}

/** A host that was lost may have killed what it was told last; what comes after that it was not told. */
function unfinishedRows(
  host: string,
  error: VsocketError,
  change: string,
  request: KillRequest,
  rest: readonly KillRequest[],
): OutcomeRow[] {
  const idsOf = (one: KillRequest): string[] => ('ids' in one ? one.ids : [`${one.vm}:*`]);
  const row = (outcome: string, detail: string) => (id: string) => ({ id, host, outcome, detail });
  const isLost = error.exitCode === ExitCode.unreachable;
  const last = isLost
    ? row('unknown', `${host} did not tell the outcome: look for change ${change} in its audit log`)
    : row('failed', error.line);
  return [...idsOf(request).map(last), ...rest.flatMap(idsOf).map(row('not-tried', error.message))];
}

function inParts(ids: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let start = 0; start < ids.length; start += flowsInOneRequest)
    parts.push(ids.slice(start, start + flowsInOneRequest));
  return parts;
}
