import { z } from 'zod';
import { pathOf } from '../compile-programs.js';
import type { Workload } from '../figure.js';

const Answer = z.object({ p50Nanoseconds: z.number(), p99Nanoseconds: z.number() });

export const roundTrip: Workload<'roundTripP50' | 'roundTripP99'> = {
  name: 'round trip',
  figures: [
    {
      key: 'roundTripP50',
      title: 'round trip 64 B, p50',
      unit: 'us',
      better: 'lower',
      target: { of: 'ratio', limit: 0.35 },
    },
    { key: 'roundTripP99', title: 'round trip 64 B, p99', unit: 'us', better: 'lower' },
  ],
  async measure(vms, transport) {
    const port = vms.freshPort();
    const server = await vms.start('serving', [pathOf('round-trip'), 'server', port], /ready/, transport);
    try {
      const client = [
        pathOf('round-trip'),
        'client',
        vms.serverAddress(transport),
        port,
        String(vms.warmUpMilliseconds),
        String(vms.runMilliseconds),
      ];
      const { p50Nanoseconds, p99Nanoseconds } = Answer.parse(JSON.parse(await vms.ask(client, transport)));
      return { roundTripP50: p50Nanoseconds / 1000, roundTripP99: p99Nanoseconds / 1000 };
    } finally {
      await server.stop();
    }
  },
};
