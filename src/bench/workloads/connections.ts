import { z } from 'zod';
import { pathOf } from '../compile-programs.js';
import type { Workload } from '../figure.js';

const Answer = z.object({ connectionsPerSecond: z.number() });

export const connections: Workload<'connections'> = {
  name: 'connection set-up',
  figures: [
    {
      key: 'connections',
      title: 'connect, 1 B each way, close',
      unit: 'k/s',
      better: 'higher',
      target: { of: 'ratio', limit: 0.8 },
    },
  ],
  async measure(vms, transport) {
    const port = vms.freshPort();
    const server = await vms.start('serving', [pathOf('connections'), 'server', port], /ready/, transport);
    try {
      const client = [
        pathOf('connections'),
        'client',
        vms.serverAddress(transport),
        port,
        String(vms.runMilliseconds),
      ];
      const { connectionsPerSecond } = Answer.parse(JSON.parse(await vms.ask(client, transport)));
      return { connections: connectionsPerSecond / 1000 };
    } finally {
      await server.stop();
    }
  },
};
