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
export interface Workload<Key extends string = string> {
  name: string;
  figures: readonly (Figure & { key: Key })[];
  measure(vms: Vms, plain: boolean): Promise<Record<Key, number>>;
}

/** How long each run lasts, in milliseconds. */
export const runMilliseconds = 1000;
