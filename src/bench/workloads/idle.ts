import { setTimeout as sleep } from 'node:timers/promises';
import { pathOf } from '../compile-programs.js';
import type { Workload } from '../figure.js';
import type { VmsOfOneHost } from '../vms.js';

const flows = '100';
/** Longer than vsockd stays attentive after a question; then it has nothing left to tidy up. */
const settleMilliseconds = 6000;
/** Its slowest timer comes every 10 s. */
const measuredMilliseconds = 10_000;

/** The flows of a plain run stay on TCP, so its column is what an idle vsockd costs without rings. */
export const idle: Workload<'idleProcessor', VmsOfOneHost> = {
  name: 'idle vsockd',
  figures: [
    {
      key: 'idleProcessor',
      title: `idle vsockd, ${flows} open flows`,
      unit: '% of a core',
      better: 'lower',
      target: { of: 'value', limit: 1 },
    },
  ],
  async measure(vms, transport) {
    const port = vms.freshPort();
    const server = await vms.start('serving', [pathOf('idle'), 'server', port, flows], /ready/, transport);
    try {
      const client = [pathOf('idle'), 'client', vms.serverAddress(transport), port, flows];
      const holder = await vms.start('asking', client, /idle/, transport);
      try {
        await sleep(settleMilliseconds);
        const usedBefore = await vms.vsockdSeconds();
        const begin = performance.now();
        await sleep(measuredMilliseconds);
        const used = (await vms.vsockdSeconds()) - usedBefore;
        return { idleProcessor: (used * 100_000) / (performance.now() - begin) };
      } finally {
        await holder.stop();
      }
    } finally {
      await server.stop();
    }
  },
};
