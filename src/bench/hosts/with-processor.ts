import type { Figure, Workload } from '../figure.js';
import type { Transport } from '../transport.js';
import type { HostVms } from './host-vms.js';

/** What a workload’s processor time is divided by. */
export interface Price {
  key: string;
  title: string;
  unit: string;
  /** What the processor time of one run is in that unit. */
  of(seconds: number, run: Run): number;
}

export interface Run {
  figures: Readonly<Record<string, number>>;
  transport: Transport;
  vms: HostVms;
}

/** The same workload, with the processor time of both hosts as one more figure, and with targets of its own. */
export function withProcessor(
  workload: Workload,
  price: Price,
  targets: Readonly<Record<string, Figure['target']>>,
): Workload<string, HostVms> {
  const figures = workload.figures.map(({ key, title, unit, better }) => {
    const target = targets[key];
    return { key, title, unit, better, ...(target ? { target } : {}) };
  });
  const { key, title, unit } = price;
  return {
    name: workload.name,
    figures: [...figures, { key, title, unit, better: 'lower' }],
    async measure(vms, transport) {
      const before = await vms.processorSeconds();
      const measured = await workload.measure(vms, transport);
      const seconds = (await vms.processorSeconds()) - before;
      return { ...measured, [key]: price.of(seconds, { figures: measured, transport, vms }) };
    },
  };
}
