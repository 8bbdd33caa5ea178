import type { Host } from '../../api/host.js';
import type { RowsOf } from '../../api/lists.js';
import { hostRow, unknownHost, type HostRow } from '../columns/host-table.js';
import type { Fleet, HostOutcome } from '../fleet/fleet.js';
import type { HostClient } from '../fleet/host-client.js';
import type { Frame, FrameList } from './frame.js';

/** Lists of one host; those are absent that it was not asked for. */
export type HostLists = { [Name in FrameList]?: RowsOf[Name][] };

/** All that one host said in one round. */
export interface HostAnswer {
  host: Host;
  lists: HostLists;
}

export type HostRound = HostOutcome<HostAnswer>;

/** Asks one host for itself and for these lists, over channels side by side. */
export function pollHost(fleet: Fleet, name: string, wanted: readonly FrameList[]): Promise<HostRound> {
  return fleet.askOne(name, async (client, signal) => {
    const lists: HostLists = {};
    const [host] = await Promise.all([
      client.host(signal),
      ...wanted.map((list) => fetchInto(lists, list, client, signal)),
    ]);
    return { host, lists };
  });
}

async function fetchInto<Name extends FrameList>(
  lists: HostLists,
  name: Name,
  client: HostClient,
  signal: AbortSignal,
): Promise<void> {
  lists[name] = (await client.list(name, {}, signal)) as HostLists[Name];
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
    hosts: names.map((name, index) => rowOf(name, known[index])),
    vms: answers.flatMap((lists) => lists.vms ?? []),
    flows: answers.flatMap((lists) => lists.flows ?? []),
    devices: answers.flatMap((lists) => lists.devices ?? []),
    qps: answers.flatMap((lists) => lists.qps ?? []),
    counters: answers.flatMap((lists) => lists.counters ?? []),
    errors: known.flatMap((round) =>
      round?.ok === false ? [{ host: round.host, code: round.error.code, message: round.error.line }] : [],
    ),
  };
}

function rowOf(name: string, round: HostRound | undefined): HostRow {
  if (round === undefined) return unknownHost(name);
  return hostRow(round.ok ? { host: name, ok: true, answer: round.answer.host } : round);
}
