import type { Part } from './part.js';
import { connections } from './workloads/connections.js';
import { idle } from './workloads/idle.js';
import { redisWorkload } from './workloads/redis.js';
import { roundTrip } from './workloads/round-trip.js';
import { largeWrites, smallWrites } from './workloads/stream.js';

const redisWorkloads = [
  redisWorkload({ clients: 1, requests: { plain: 20_000, vsocket: 120_000 }, rateTarget: 6 }),
  redisWorkload({ clients: 10, requests: { plain: 80_000, vsocket: 400_000 }, rateTarget: 4 }),
  redisWorkload({ clients: 50, requests: { plain: 100_000, vsocket: 600_000 }, rateTarget: 6 }),
];

/** A machine that does nothing else. */
export const quietPart: Part = {
  name: 'quiet',
  title: 'Nothing else runs',
  workloads: [roundTrip, largeWrites, smallWrites, ...redisWorkloads, connections, idle],
  within: (_, use) => use(),
};
