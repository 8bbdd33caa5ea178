import type { Flow } from '../../api/flow.js';
import type { Host } from '../../api/host.js';
import type { Vm } from '../../api/vm.js';
import { hostRow, unknownHost, type HostRow } from '../columns/host-table.js';
import type { Fleet, HostOutcome } from '../fleet/fleet.js';
import type { Frame } from './frame.js';

/** All that one host said in one round. */
export interface HostAnswer {
  host: Host;
  vms: Vm[];
  flows: Flow[];
}

export type HostRound = HostOutcome<HostAnswer>;

/** Asks one host for everything that `top` shows, over channels side by side. */
export function pollHost(fleet: Fleet, name: string): Promise<HostRound> {
  return fleet.askOne(name, async (client, signal) => {
    const [host, vms, flows] = await Promise.all([
      client.host(signal),
      client.vms(signal),
      client.flows({}, signal),
    ]);
    return { host, vms, flows };
  });
}

/** One frame from the newest round of each host; a host without one is still connecting. */
export function buildFrame(
  names: readonly string[],
  rounds: ReadonlyMap<string, HostRound>,
  at: Date,
): Frame {
  const known = names.map((name) => rounds.get(name));
  const answers = known.flatMap((round) => (round?.ok === true ? [round.answer] : []));
  return {
    at: at.toISOString(),
    hosts: names.map((name, index) => rowOf(name, known[index])),
    vms: answers.flatMap((answer) => answer.vms),
    flows: answers.flatMap((answer) => answer.flows),
    errors: known.flatMap((round) =>
      round?.ok === false ? [{ host: round.host, code: round.error.code, message: round.error.line }] : [],
    ),
  };
}

function rowOf(name: string, round: HostRound | undefined): HostRow {
  if (round === undefined) return unknownHost(name);
  return hostRow(round.ok ? { host: name, ok: true, answer: round.answer.host } : round);
}
