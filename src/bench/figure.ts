import type { Transport } from './transport.js';
import type { Vms } from './vms.js';

/** One line of the result. */
export interface Figure {
  key: string;
  title: string;
  unit: string;
  better: 'higher' | 'lower';
  /** What is to be reached: by vSocket’s figure as a multiple of plain TCP’s, or by vSocket’s figure itself. */
  target?: { of: 'ratio' | 'value'; limit: number };
}

/** Something to measure; one run gives one sample of each of its figures. */
export interface Workload<Key extends string = string, Machines extends Vms = Vms> {
  name: string;
  figures: readonly (Figure & { key: Key })[];
  measure(vms: Machines, transport: Transport): Promise<Record<Key, number>>;
}
