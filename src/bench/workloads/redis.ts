import { z } from 'zod';
import type { Figure, Workload } from '../figure.js';
import type { Transport } from '../transport.js';
import type { Vms } from '../vms.js';

export interface RedisLoad {
  clients: number;
  /** Both when it does not say. */
  commands?: readonly Command[];
  /** Of one run, chosen so that all transports take about a run’s time: redis-benchmark counts, it has no clock. */
  requests: Partial<Record<Transport, number>>;
  /** As a multiple of plain TCP’s rate. */
  rateTarget?: number;
}

const allCommands = ['SET', 'GET'] as const;
type Command = (typeof allCommands)[number];

/** A line of `redis-benchmark --csv`: name, requests a second, then latencies in milliseconds: avg, min, p50, … */
const Line = z.tuple(
  [z.enum(allCommands), z.coerce.number(), z.unknown(), z.unknown(), z.coerce.number()],
  z.unknown(),
);

async function load(
  vms: Vms,
  transport: Transport,
  { clients, requests, commands = allCommands }: RedisLoad,
): Promise<Record<string, number>> {
  const port = vms.freshPort();
  const serve = ['redis-server', '--port', port, '--bind', '0.0.0.0', '--protected-mode', 'no', '--save', ''];
  const server = await vms.start(
    'serving',
    [...serve, '--dir', '/'],
    /Ready to accept connections/,
    transport,
  );
  try {
    const count = String(requests[transport]);
    const where = ['-h', vms.serverAddress(transport), '-p', port];
    const what = ['-t', commands.join(',').toLowerCase(), '-c', String(clients), '-n', count, '--csv'];
    const output = await vms.ask(['redis-benchmark', ...where, ...what], transport);
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

export const redisWorkload = (one: RedisLoad): Workload => ({
  name: `redis-benchmark with ${one.clients} clients`,
  figures: (one.commands ?? allCommands).flatMap((command): Figure[] => [
    {
      key: rateKey(command, one.clients),
      title: `Redis ${command}, c=${one.clients}`,
      unit: 'k/s',
      better: 'higher',
      ...(one.rateTarget === undefined ? {} : { target: { of: 'ratio', limit: one.rateTarget } }),
    },
    {
      key: latencyKey(command, one.clients),
      title: `Redis ${command}, c=${one.clients}, p50`,
      unit: 'us',
      better: 'lower',
    },
  ]),
  measure: (vms, transport) => load(vms, transport, one),
});
