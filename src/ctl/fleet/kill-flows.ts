import { randomUUID } from 'node:crypto';
import type { KillRequest } from '../../api/kill.js';
import { ExitCode } from '../../errors/exit-code.js';
import type { VsocketError } from '../../errors/vsocket-error.js';
import type { OutcomeRow } from '../columns/outcome-table.js';
import type { FlowEnd, FlowRow } from '../columns/flow-table.js';
import { Connections, endsOf } from '../model/connections.js';
import { answersOf, type Fleet, type HostOutcome } from './fleet.js';

/** What is to be killed: flows by their ids, all of one VM, or those that a predicate picks. */
export type KillSelection = { ids: string[] } | { vm: string } | { matches: (flow: FlowEnd) => boolean };

/** The flows that a selection means, a row for each connection. */
export interface KillPlan {
  /** All flows of this VM, also those that are younger than the plan. */
  vm: string | null;
  flows: FlowRow[];
  /** How looking for them went. A host that does not know the flow or VM has answered with none. */
  outcomes: HostOutcome<FlowEnd[]>[];
}

/** What a host ends in one request: it takes a second or so, and shows that it goes on. */
const flowsInOneRequest = 500;

/** The limit of one such request, in milliseconds. What takes longer has an unknown outcome, so it is a wide one. */
const killLimitMilliseconds = 60_000;

/** Asks every host which of its flows are meant, killing none; also whether one may. */
export async function planKill(fleet: Fleet, selection: KillSelection): Promise<KillPlan> {
  const outcomes = await fleet.askAll(async (host, signal): Promise<FlowEnd[]> => {
    if ('vm' in selection) return host.wouldKill(selection, signal);
    const ids =
      'ids' in selection
        ? selection.ids
        : (await host.list('flows', {}, signal)).filter(selection.matches).map(({ id }) => id);
    const parts = inParts(ids);
    const flows: FlowEnd[] = [];
    for (const part of parts) flows.push(...(await host.wouldKill({ ids: part }, signal)));
    return flows;
  });
  const known = outcomes.map((outcome): HostOutcome<FlowEnd[]> => {
    const absent = !outcome.ok && outcome.error.exitCode === ExitCode.notFound;
    return absent ? { host: outcome.host, ok: true, answer: [] } : outcome;
  });
  const ends = answersOf(known);
  const flows = new Connections(ends).rows(ends);
  return { vm: 'vm' in selection ? selection.vm : null, outcomes: known, flows };
}

/** What became of a kill. */
export interface KillResult {
  /** One for each connection, and for flows of the VM that are younger than the plan. */
  rows: OutcomeRow[];
  outcomes: HostOutcome<OutcomeRow[]>[];
}

/**
 * Kills what was planned, at the hosts that have it, some hundred flows at a time. Where both ends of a connection are
 * known, both hosts are told, so that none of them alone can say that it is done.
 * @param onProgress gets the number of connections whose outcome is known
 */
export async function carryOutKill(
  fleet: Fleet,
  plan: { vm: string | null; flows: readonly FlowRow[] },
  onProgress: (done: number) => void = () => undefined,
): Promise<KillResult> {
  const ends = plan.flows.flatMap(endsOf);
  const told = new Map<string, OutcomeRow>();
  const isKnown = (end: FlowEnd): boolean => told.has(nameOf(end));
  const hear = (rows: readonly OutcomeRow[]): void => {
    for (const row of rows) told.set(nameOf(row), row);
    onProgress(plan.flows.filter((flow) => endsOf(flow).every(isKnown)).length);
  };
  const hosts = [...new Set(ends.map((end) => end.host))];
  const outcomes = await fleet.eachInWaves(hosts, (host) => {
    const ids = ends.filter((end) => end.host === host).map((end) => end.id);
    const requests: KillRequest[] = inParts(ids).map((part) => ({ ids: part }));
    // At last the VM by its name: what it has opened meanwhile ends too.
    if (plan.vm !== null) requests.push({ vm: plan.vm });
    return killAtHost(fleet, host, requests, hear);
  });
  const rows = plan.flows.flatMap((flow) => {
    const known = endsOf(flow).flatMap((end) => told.get(nameOf(end)) ?? []);
    for (const end of endsOf(flow)) told.delete(nameOf(end));
    return known.length === 0 ? [] : [ofConnection(flow, known)];
  });
  return { rows: [...rows, ...told.values()], outcomes };
}

function nameOf({ host, id }: { host: string; id: string }): string {
  return `${host}/${id}`;
}

/** A connection that one end’s host has reset may be gone when the other one looks for it. */
function ofConnection({ id, host }: FlowRow, known: readonly OutcomeRow[]): OutcomeRow {
  const failed = known.find(({ outcome }) => outcome !== 'reset' && outcome !== 'not-found');
  const row = failed ?? known.find(({ outcome }) => outcome === 'reset') ?? known[0]!;
  const isOther = row.id !== id || row.host !== host;
  const detail =
    isOther && failed !== undefined ? `at its other end ${nameOf(row)}: ${row.detail}` : row.detail;
  return { ...row, id, host, detail };
}

async function killAtHost(
  fleet: Fleet,
  host: string,
  requests: readonly KillRequest[],
  hear: (rows: readonly OutcomeRow[]) => void,
): Promise<HostOutcome<OutcomeRow[]>> {
  const rows: OutcomeRow[] = [];
  for (const [index, request] of requests.entries()) {
    const change = randomUUID();
    const outcome = await fleet.askOne(
      host,
      (client, signal) => client.kill(request, change, signal),
      killLimitMilliseconds,
    );
    if (outcome.ok) {
      const done = outcome.answer.map((row) => ({ ...row, host }));
      rows.push(...done);
      hear(done);
      continue;
    }
    hear(unfinishedRows(host, outcome.error, change, request, requests.slice(index + 1)));
    return outcome;
  }
  return { host, ok: true, answer: rows };
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
