import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { VsocketError } from '../../errors/vsocket-error.js';
import { pathOf } from '../compile-programs.js';
import { closedTo, openTo } from './rule-sets.js';
import type { FlowCounts, RulesLab } from './rules-lab.js';

/** Each end of a connection: its last byte, when it was over (by CLOCK_MONOTONIC, in ns), whether by a reset. */
const Ends = z.array(z.tuple([z.number(), z.number(), z.union([z.literal(0), z.literal(1)])]));
type Ends = z.infer<typeof Ends>;

/** A VM has so many slots, less what its other programs may have. */
export const fastFlowsOfPair = 2000;
/** Of both ends of so many connections the last byte is looked at: the other ends send once a minute. */
const watchedConnections = 50;
const openingMilliseconds = 240_000;
/** After the last look at the flows, which takes time of vsockd; and for each connection, with which its programs warm up. */
const settleMilliseconds = (connections: number): number => 2000 + connections / 2;
const endingMilliseconds = 60_000;
const pauseMilliseconds = 500;
/** So many looks in turn without another flow on shared memory: there will be no more. */
const looksWithoutNews = 10;

export interface Revocation {
  connections: number;
  /** Connections on shared memory when the change was asked for. */
  fastConnections: number;
  /** From asking for the change to the last byte of the ends that are watched. */
  p50Milliseconds: number;
  p99Milliseconds: number;
  /** The same of all ends, those that seldom send among them. */
  lastMilliseconds: number;
  /** From asking for the change until all programs knew that all was over. */
  overMilliseconds: number;
  requestMilliseconds: number;
  /** Ends that were not over by a reset. */
  withoutReset: number;
}

/** Connections of one pair of programs. */
interface Share {
  plain: boolean;
  connections: number;
  watched: number;
}

/** Opens connections, half of them on shared memory, takes the rule away that lets them be, and looks what still comes. */
export async function revocation(
  lab: RulesLab,
  connections: number,
  /** How often a watched end sends. */
  everyMilliseconds: number,
): Promise<Revocation> {
  const fast = Math.ceil(connections / 2);
  // No more than it takes: each program wakes up all the time, which keeps the machine busy.
  const pairs = Math.ceil(fast / fastFlowsOfPair);
  const watched = Math.min(connections, watchedConnections);
  const servers = lab.vms.slice(lab.vms.length / 2).map(({ name }) => name);
  await lab.apply(openTo(servers));
  const shares = [
    ...sharesOf({ plain: false, connections: fast, watched: Math.ceil(watched / 2) }, pairs),
    ...sharesOf({ plain: true, connections: connections - fast, watched: Math.floor(watched / 2) }, pairs),
  ];
  const ends = shares.flatMap(({ pair, ...share }) => runPair(lab, pair, share, everyMilliseconds));
  const all = Promise.all(ends);
  // Before it is waited for.
  all.catch(() => undefined);
  const { fastFlows } = await Promise.race([untilOpen(lab, connections, fast), all.then(tooEarly)]);
  const { askedAt, milliseconds } = await lab.apply(closedTo(servers));
  return {
    connections,
    fastConnections: fastFlows / 2,
    ...timesOf(await all, Number(askedAt)),
    requestMilliseconds: milliseconds,
  };
}

const tooEarly = (): never => {
  throw new VsocketError('program-failed', 'connections ended before their rule was taken away');
};

type PlacedShare = Share & { pair: number };

function sharesOf({ plain, connections, watched }: Share, pairs: number): PlacedShare[] {
  const part = (of: number, pair: number): number => Math.floor(of / pairs) + (pair < of % pairs ? 1 : 0);
  return Array.from({ length: pairs }, (_, pair) => ({
    pair,
    plain,
    connections: part(connections, pair),
    watched: part(watched, pair),
  })).filter((share) => share.connections > 0);
}

interface ProgramEnds {
  watched: number;
  ends: Ends;
}

function runPair(
  lab: RulesLab,
  pair: number,
  { plain, connections, watched }: Share,
  everyMilliseconds: number,
): Promise<ProgramEnds>[] {
  const [client, server] = [lab.vms[pair]!, lab.vms[lab.vms.length / 2 + pair]!];
  const port = lab.freshPort();
  const numbers = [connections, watched, everyMilliseconds].map(String);
  const run = async (vm: string, words: readonly string[]): Promise<ProgramEnds> => {
    const limit = openingMilliseconds + settleMilliseconds(connections) + endingMilliseconds;
    const command = [pathOf('live-flows'), ...words, ...numbers];
    return { watched, ends: Ends.parse(JSON.parse(await lab.runIn(vm, plain, command, limit))) };
  };
  return [run(server.name, ['server', port]), run(client.name, ['client', server.address, port])];
}

/** Until all are there, and as many on shared memory as want to. */
async function untilOpen(lab: RulesLab, connections: number, fast: number): Promise<FlowCounts> {
  const limit = performance.now() + openingMilliseconds;
  let most = 0;
  let withoutNews = 0;
  for (;;) {
    await sleep(pauseMilliseconds);
    const counts = await lab.counts();
    if (counts.flows > 2 * connections)
      throw new VsocketError('other-flows', `${counts.flows} flows are open, ${2 * connections} were opened`);
    const isWhole = counts.flows === 2 * connections;
    withoutNews = isWhole && counts.fastFlows <= most ? withoutNews + 1 : 0;
    most = Math.max(most, counts.fastFlows);
    if ((isWhole && counts.fastFlows === 2 * fast) || withoutNews === looksWithoutNews) break;
    if (performance.now() > limit)
      throw new VsocketError(
        'not-open',
        `${counts.flows} of ${2 * connections} flows are open after ${openingMilliseconds / 1000} s`,
      );
  }
  await sleep(settleMilliseconds(connections));
  return lab.counts();
}

type Times = Pick<
  Revocation,
  'p50Milliseconds' | 'p99Milliseconds' | 'lastMilliseconds' | 'overMilliseconds' | 'withoutReset'
>;

function timesOf(programs: readonly ProgramEnds[], askedAt: number): Times {
  const since = (nanoseconds: number): number => Math.max(0, (nanoseconds - askedAt) / 1e6);
  const all = programs.flatMap(({ ends }) => ends);
  const watched = programs.flatMap(({ ends, watched: count }) => ends.slice(0, count));
  const sorted = watched.map(([lastByte]) => since(lastByte)).sort((a, b) => a - b);
  return {
    p50Milliseconds: quantile(sorted, 0.5),
    p99Milliseconds: quantile(sorted, 0.99),
    lastMilliseconds: all.reduce((most, [lastByte]) => Math.max(most, since(lastByte)), 0),
    overMilliseconds: all.reduce((most, [, over]) => Math.max(most, since(over)), 0),
    withoutReset: all.filter(([, , wasReset]) => wasReset === 0).length,
  };
}

/** The least of the sorted values that so great a part of them does not exceed. */
function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? NaN;
}
