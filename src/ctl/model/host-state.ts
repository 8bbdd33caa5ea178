import type { Host } from '../../api/host.js';
import type { SeenRowsOf } from '../../api/lists.js';
import type { Seen } from '../../api/seen.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { hostRow, unknownHost, type HostRow } from '../columns/host-table.js';
import type { Fleet, HostOutcome } from '../fleet/fleet.js';
import type { HostClient } from '../fleet/host-client.js';
import type { Narrowing } from '../fleet/narrowing.js';
import type { Frame, FrameList } from './frame.js';

/** Lists of one host; those are absent that it was not asked for, or that its vsockd is too old to have. */
export type HostLists = { [Name in FrameList]?: SeenRowsOf[Name][] };

/** All that one host said in one round. */
export interface HostAnswer {
  host: Seen<Host>;
  lists: HostLists;
}

/** How one round went, and when that was known, in milliseconds since 1970. */
export type HostRound = HostOutcome<HostAnswer> & {
  at: number;
  /** From then on what it said is old. */
  staleAt: number;
};

/** A list, and what of it. */
export interface ListWish {
  list: FrameList;
  narrowing: Narrowing;
}

export function wholeLists(names: readonly FrameList[]): ListWish[] {
  return names.map((list) => ({ list, narrowing: {} }));
}

/**
 * Asks one host for itself and for these lists, over channels side by side.
 * @param patienceMilliseconds for so long what it says is not old
 */
export async function pollHost(
  fleet: Fleet,
  name: string,
  wanted: readonly ListWish[],
  patienceMilliseconds = Infinity,
): Promise<HostRound> {
  const outcome = await fleet.askOne(name, async (client, signal) => {
    const lists: HostLists = {};
    const [host] = await Promise.all([
      client.host(signal),
      ...wanted.map(({ list, narrowing }) => fetchInto(lists, list, narrowing, client, signal)),
    ]);
    return { host, lists };
  });
  const at = Date.now();
  return { ...outcome, at, staleAt: at + patienceMilliseconds };
}

async function fetchInto<Name extends FrameList>(
  lists: HostLists,
  name: Name,
  narrowing: Narrowing,
  client: HostClient,
  signal: AbortSignal,
): Promise<void> {
  try {
    lists[name] = (await client.list(name, narrowing, signal)) as HostLists[Name];
  } catch (error) {
    if (!(error instanceof VsocketError && error.code === 'unknown-list')) throw error;
  }
}

/** One frame from the newest round of each host; a host without one is still connecting. */
export function buildFrame(
  names: readonly string[],
  rounds: ReadonlyMap<string, HostRound>,
  at: Date,
): Frame {
  const known = names.map((name) => rounds.get(name));
  const answers = known.flatMap((round) => (round?.ok === true ? [round.answer.lists] : []));
  return {
    at: at.toISOString(),
    hosts: names.map((name, index) => rowOf(name, known[index], at)),
    vms: answers.flatMap((lists) => lists.vms ?? []),
    flows: answers.flatMap((lists) => lists.flows ?? []),
    devices: answers.flatMap((lists) => lists.devices ?? []),
    qps: answers.flatMap((lists) => lists.qps ?? []),
    counters: answers.flatMap((lists) => lists.counters ?? []),
    rules: answers.flatMap((lists) => lists.rules ?? []),
    errors: known.flatMap((round) =>
      round?.ok === false ? [{ host: round.host, code: round.error.code, message: round.error.line }] : [],
    ),
  };
}

function rowOf(name: string, round: HostRound | undefined, now: Date): HostRow {
  if (round === undefined) return unknownHost(name);
  const age = {
    answeredAt: new Date(round.at),
    now,
    isStale: now.getTime() >= round.staleAt,
  };
  return hostRow(round.ok ? { host: name, ok: true, answer: round.answer.host } : round, age);
}
