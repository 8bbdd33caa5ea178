import type { Figure, Workload } from './figure.js';
import { transports, type Transport } from './transport.js';
import type { Vms } from './vms.js';

/** A figure and the median of its samples by each transport; a transport that has no sample is not there. */
export interface Measured {
  figure: Figure;
  medians: Partial<Record<Transport, number>>;
}

export interface Course {
  /** In turns, and in turns which is first, so that a slow phase of the machine hits all of them. */
  transports: readonly Transport[];
  repetitions: number;
  progress: (text: string) => void;
  /** Told of each run that failed, or whose bytes were not carried as they should be: it gives no sample. */
  discarded: (text: string) => void;
}

export async function measureAll<Machines extends Vms>(
  workloads: readonly Workload<string, Machines>[],
  vms: Machines,
  course: Course,
): Promise<Measured[]> {
  const results: Measured[] = [];
  for (const workload of workloads) {
    const samples: Partial<Record<Transport, Record<string, number>[]>> = {};
    for (let repetition = 0; repetition < course.repetitions; repetition++) {
      course.progress(`${workload.name}: ${repetition + 1} of ${course.repetitions}`);
      const turns = repetition % 2 === 0 ? course.transports : course.transports.toReversed();
      for (const transport of turns) {
        const { sample, reason } = await run(workload, vms, transport);
        if (reason === null) (samples[transport] ??= []).push(sample);
        else course.discarded(`${workload.name}, run ${repetition + 1}: ${reason}`);
      }
    }
    for (const figure of workload.figures)
      results.push({ figure, medians: mediansOf(figure.key, samples, course.transports) });
  }
  return results;
}

type Run = { sample: Record<string, number>; reason: null } | { sample: null; reason: string };

/** What vSocket is compared with may fail: that is no reason to lose the others’ figures. Its own failure is. */
async function run<Machines extends Vms>(
  workload: Workload<string, Machines>,
  vms: Machines,
  transport: Transport,
): Promise<Run> {
  try {
    const reasonToDiscard = await vms.watch(transport);
    const sample = await workload.measure(vms, transport);
    const reason = await reasonToDiscard();
    return reason === null ? { sample, reason } : { sample: null, reason };
  } catch (error) {
    if (transport === 'vsocket') throw error;
    const [why] = String((error as Error).message).split('\n');
    return { sample: null, reason: `${transports[transport]} failed: ${why}` };
  }
}

function mediansOf(
  key: string,
  samples: Partial<Record<Transport, Record<string, number>[]>>,
  transports: readonly Transport[],
): Partial<Record<Transport, number>> {
  const medians: Partial<Record<Transport, number>> = {};
  for (const transport of transports) {
    const runs = samples[transport];
    if (runs) medians[transport] = median(runs.map((run) => run[key] ?? NaN));
  }
  return medians;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}
