import { availableParallelism, release } from 'node:os';
import type { Figure, Workload } from './figure.js';
import type { Vms } from './vms.js';

export interface Result extends Figure {
  plain: number;
  vsocket: number;
  /** vSocket’s figure as a multiple of plain TCP’s; null when that is 0. */
  ratio: number | null;
  /** Null where there is no target. */
  met: boolean | null;
}

export interface Report {
  cores: number;
  kernel: string;
  node: string;
  repetitions: number;
  results: Result[];
}

/** Plain TCP and vSocket in turns, and in turns which is first, so that a slow phase of the machine hits both. */
export async function measureAll(
  workloads: readonly Workload[],
  vms: Vms,
  repetitions: number,
  progress: (text: string) => void,
): Promise<Report> {
  const results: Result[] = [];
  for (const workload of workloads) {
    const samples: Record<'plain' | 'vsocket', Record<string, number>[]> = { plain: [], vsocket: [] };
    for (let repetition = 0; repetition < repetitions; repetition++) {
      progress(`${workload.name}: ${repetition + 1} of ${repetitions}`);
      for (const plain of repetition % 2 === 0 ? [true, false] : [false, true])
        samples[plain ? 'plain' : 'vsocket'].push(await workload.measure(vms, plain));
    }
    for (const figure of workload.figures) {
      const middle = (runs: Record<string, number>[]): number =>
        median(runs.map((run) => run[figure.key] ?? NaN));
      results.push(resultOf(figure, middle(samples.plain), middle(samples.vsocket)));
    }
  }
  return { cores: availableParallelism(), kernel: release(), node: process.version, repetitions, results };
}

export function resultOf(figure: Figure, plain: number, vsocket: number): Result {
  const ratio = plain === 0 ? null : vsocket / plain;
  const { target, better } = figure;
  const reached = target?.of === 'value' ? vsocket : ratio;
  const met =
    !target || reached === null
      ? null
      : better === 'higher'
        ? reached >= target.limit
        : reached <= target.limit;
  return { ...figure, plain, vsocket, ratio, met };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}
