import { z } from 'zod';
import { pathOf } from '../compile-programs.js';
import type { Workload } from '../figure.js';
import type { Transport } from '../transport.js';
import type { Vms } from '../vms.js';

const Answer = z.object({ bytesPerSecond: z.number(), writesPerSecond: z.number() });

async function stream(vms: Vms, transport: Transport, writeBytes: number): Promise<z.infer<typeof Answer>> {
  const port = vms.freshPort();
  const server = await vms.start('serving', [pathOf('stream'), 'server', port], /ready/, transport);
  try {
    const sizes = [vms.runMilliseconds, writeBytes].map(String);
    const client = [pathOf('stream'), 'client', vms.serverAddress(transport), port, ...sizes];
    return Answer.parse(JSON.parse(await vms.ask(client, transport)));
  } finally {
    await server.stop();
  }
}

export const largeWrites: Workload<'stream64KiB'> = {
  name: 'stream of 64 KiB writes',
  figures: [
    {
      key: 'stream64KiB',
      title: 'stream, 64 KiB writes',
      unit: 'GB/s',
      better: 'higher',
      target: { of: 'ratio', limit: 2.5 },
    },
  ],
  measure: async (vms, transport) => ({
    stream64KiB: (await stream(vms, transport, 64 * 1024)).bytesPerSecond / 1e9,
  }),
};

/** Several connections at once, each between programs of its own. */
export const manyLargeWrites = (count: number): Workload<'streams64KiB'> => ({
  name: `${count} streams of 64 KiB writes`,
  figures: [
    { key: 'streams64KiB', title: `${count} streams, 64 KiB writes`, unit: 'GB/s', better: 'higher' },
  ],
  measure: async (vms, transport) => {
    const streams = Array.from({ length: count }, () => stream(vms, transport, 64 * 1024));
    const rates = (await Promise.all(streams)).map(({ bytesPerSecond }) => bytesPerSecond);
    return { streams64KiB: rates.reduce((sum, rate) => sum + rate, 0) / 1e9 };
  },
});

export const smallWrites: Workload<'stream64B' | 'stream64BWrites'> = {
  name: 'stream of 64 B writes',
  figures: [
    { key: 'stream64B', title: 'stream, 64 B writes', unit: 'GB/s', better: 'higher' },
    { key: 'stream64BWrites', title: 'stream, 64 B writes', unit: 'k/s', better: 'higher' },
  ],
  measure: async (vms, transport) => {
    const { bytesPerSecond, writesPerSecond } = await stream(vms, transport, 64);
    return { stream64B: bytesPerSecond / 1e9, stream64BWrites: writesPerSecond / 1000 };
  },
};
