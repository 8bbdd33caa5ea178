import { availableParallelism } from 'node:os';
import type { Figure } from '../figure.js';
import { withTarget, type Part } from '../part.js';
import { connections } from '../workloads/connections.js';
import { redisWorkload } from '../workloads/redis.js';
import { roundTrip } from '../workloads/round-trip.js';
import { largeWrites } from '../workloads/stream.js';
import { withNeighbours } from './neighbours.js';
import { ProcessorShare } from './processor-share.js';

/** What a flow gets that would be better off on TCP: nothing. */
const leastRate = 0.95;
const mostLatency = 1 / leastRate;
/** Of the slowest round trips: who shares a processor waits for a neighbour’s slice now and then. */
const mostTail = 1.5;

const targetOf = ({ key, better }: Figure): NonNullable<Figure['target']> => ({
  of: 'ratio',
  limit: better === 'higher' ? leastRate : key === 'roundTripP99' ? mostTail : Number(mostLatency.toFixed(2)),
});

const redis = (clients: number, count: number) =>
  redisWorkload({ clients, commands: ['SET'], requests: { plain: count, vsocket: count } });

const workloads = [
  roundTrip,
  largeWrites,
  redis(1, 20_000),
  redis(10, 40_000),
  redis(50, 40_000),
  connections,
].map((workload) => withTarget<string>(workload, targetOf));

const cores = availableParallelism();
const periodMicroseconds = 10_000;

const beside = (
  name: string,
  count: number,
  what: string,
  { share = 1, niceness = 0 }: { share?: number; niceness?: number } = {},
): Part => ({
  name,
  title: `${count} ${count === 1 ? 'neighbour' : 'neighbours'} on ${cores} cores, ${what}`,
  workloads,
  within: (_, use) =>
    withNeighbours(
      { count, niceness, spinMicroseconds: periodMicroseconds * share, periodMicroseconds },
      use,
    ),
});

/** Machines whose processors others want, too. */
export const busyParts: readonly Part[] = [
  beside('spin-half', Math.ceil(cores / 2), 'spinning'),
  beside('spin-full', cores, 'spinning'),
  beside('spin-double', cores * 2, 'spinning'),
  beside('nice', Math.ceil(cores / 2), 'spinning at nice 10', { niceness: 10 }),
  beside('nice-full', cores, 'spinning at nice 10', { niceness: 10 }),
  beside('half-busy', Math.ceil(cores / 2), 'spinning 50 % of each 10 ms', { share: 0.5 }),
  beside('half-busy-full', cores, 'spinning 50 % of each 10 ms', { share: 0.5 }),
  {
    name: 'half-core',
    title: 'A cgroup with half a core for the programs of both VMs',
    workloads,
    within: (vms, use) => ProcessorShare.open(0.5, (share) => vms.startingIn(share, use)),
  },
];
