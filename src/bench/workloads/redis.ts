import { z } from 'zod';
import type { Figure, Workload } from '../figure.js';
import type { Vms } from '../vms.js';

interface Load {
  clients: number;
  /** Requests of one run, chosen so that both kinds last about a second: redis-benchmark counts, it has no clock. */
  requests: { plain: number; vsocket: number };
  rateTarget: number;
}

const loads: readonly Load[] = [
  { clients: 1, requests: { plain: 20_000, vsocket: 120_000 }, rateTarget: 6 },
  { clients: 10, requests: { plain: 80_000, vsocket: 400_000 }, rateTarget: 4 },
  { clients: 50, requests: { plain: 100_000, vsocket: 600_000 }, rateTarget: 6 },
];

const commands = ['SET', 'GET'] as const;

/** A line of `redis-benchmark --csv`: name, requests a second, then latencies in milliseconds: avg, min, p50, … */
const Line = z.tuple(
  [z.enum(commands), z.coerce.number(), z.unknown(), z.unknown(), z.coerce.number()],
  z.unknown(),
);

async function load(vms: Vms, plain: boolean, { clients, requests }: Load): Promise<Record<string, number>> {
  const port = vms.freshPort();
  const serve = ['redis-server', '--port', port, '--bind', '0.0.0.0', '--protected-mode', 'no', '--save', ''];
  const server = await vms.start('serving', [...serve, '--dir', '/'], /Ready to accept connections/, {
    plain,
  });
  try {
    const count = String(plain ? requests.plain : requests.vsocket);
    const where = ['-h', vms.serverAddress, '-p', port];
    const what = ['-t', 'set,get', '-c', String(clients), '-n', count, '--csv'];
    const output = await vms.ask(['redis-benchmark', ...where, ...what], { plain });
    return Object.fromEntries(commands.flatMap((command) => figuresIn(output, command, clients)));
  } finally {
    await server.stop();
  }
}

function figuresIn(output: string, command: string, clients: number): [string, number][] {
  const line = output.split('\n').find((one) => one.startsWith(`"${command}"`)) ?? '';
  const [, requestsPerSecond, , , p50Milliseconds] = Line.parse(
    line.split(',').map((word) => word.replaceAll('"', '')),
  );
  return [
    [rateKey(command, clients), requestsPerSecond / 1000],
    [latencyKey(command, clients), p50Milliseconds * 1000],
  ];
}

const rateKey = (command: string, clients: number): string => `redis${command}Rate${clients}`;
const latencyKey = (command: string, clients: number): string => `redis${command}P50At${clients}`;

export const redisWorkloads: readonly Workload[] = loads.map((one) => ({
  name: `redis-benchmark with ${one.clients} clients`,
  figures: commands.flatMap((command): Figure[] => [
    {
      key: rateKey(command, one.clients),
      title: `Redis ${command}, c=${one.clients}`,
      unit: 'k/s',
      better: 'higher',
      target: { of: 'ratio', limit: one.rateTarget },
    },
    {
      key: latencyKey(command, one.clients),
      title: `Redis ${command}, c=${one.clients}, p50`,
      unit: 'us',
      better: 'lower',
    },
  ]),
  measure: (vms, plain) => load(vms, plain, one),
}));
