import type { Figure, Workload } from './figure.js';
import type { LabVms } from './lab-vms.js';
import type { VmsOfOneHost } from './vms.js';

/** Something to measure under the same conditions: a part of the benchmark that can be asked for by its name. */
export interface Part {
  name: string;
  /** Stands over its table. */
  title: string;
  workloads: readonly Workload<string, VmsOfOneHost>[];
  /** Makes the conditions, for as long as `use` takes. */
  within: <Result>(vms: LabVms, use: () => Promise<Result>) => Promise<Result>;
}

/** The same work with other things to be reached. */
export const withTarget = <Key extends string>(
  workload: Workload<Key>,
  targetOf: (figure: Figure) => NonNullable<Figure['target']>,
): Workload<Key> => ({
  ...workload,
  figures: workload.figures.map((figure) => ({ ...figure, target: targetOf(figure) })),
});
