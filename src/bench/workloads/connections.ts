import { z } from 'zod';
import { pathOf } from '../compile-programs.js';
import { runMilliseconds, type Workload } from '../figure.js';

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
  async measure(vms, plain) {
    const port = vms.freshPort();
    const server = await vms.start('serving', [pathOf('connections'), 'server', port], /ready/, { plain });
    try {
      const client = [pathOf('connections'), 'client', vms.serverAddress, port, String(runMilliseconds)];
      const { connectionsPerSecond } = Answer.parse(JSON.parse(await vms.ask(client, { plain })));
      return { connections: connectionsPerSecond / 1000 };
    } finally {
      await server.stop();
    }
  },
};
