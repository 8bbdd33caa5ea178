import { z } from 'zod';
import { pathOf } from '../compile-programs.js';
import type { Workload } from '../figure.js';

const Answer = z.object({ p50Nanoseconds: z.number() });

export const datagrams: Workload<'datagramP50'> = {
  name: 'datagram to and fro',
  figures: [{ key: 'datagramP50', title: 'UDP to and fro 64 B, p50', unit: 'us', better: 'lower' }],
  async measure(vms, transport) {
    const port = vms.freshPort();
    const server = await vms.start('serving', [pathOf('datagrams'), 'server', port], /ready/, transport);
    try {
      const client = ['client', vms.serverAddress(transport), port, String(vms.runMilliseconds)];
      const answer = await vms.ask([pathOf('datagrams'), ...client], transport);
      return { datagramP50: Answer.parse(JSON.parse(answer)).p50Nanoseconds / 1000 };
    } finally {
      await server.stop();
    }
  },
};
