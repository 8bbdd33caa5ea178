import type { Figure, Workload } from '../figure.js';
import { median } from '../measure.js';
import type { Transport } from '../transport.js';
import { connections } from '../workloads/connections.js';
import { roundTrip } from '../workloads/round-trip.js';
import { datagrams } from './datagrams.js';
import { lastOf, noRules } from './rule-sets.js';
import type { RulesLab } from './rules-lab.js';

/** What is done with and without rules, and how. */
interface Case {
  workload: Workload;
  key: string;
  transport: Transport;
  /** Numbers of rules, beside none. */
  counts: readonly number[];
}

export interface RuleCost {
  figure: Figure;
  transport: Transport;
  rules: number;
  value: number;
  withoutRules: number;
}

const cases: readonly Case[] = [
  { workload: connections, key: 'connections', transport: 'plain', counts: [100, 1000] },
  { workload: connections, key: 'connections', transport: 'vsocket', counts: [100] },
  { workload: roundTrip, key: 'roundTripP50', transport: 'plain', counts: [100, 1000] },
  { workload: datagrams, key: 'datagramP50', transport: 'plain', counts: [100, 1000] },
];

/** The same work with so many rules and with none, in turns. */
export async function ruleCosts(
  lab: RulesLab,
  repetitions: number,
  progress: (text: string) => void,
): Promise<RuleCost[]> {
  const serving = lab.vms[1]!.name;
  const results: RuleCost[] = [];
  for (const { workload, key, transport, counts } of cases) {
    const conditions = [0, ...counts];
    const samples = new Map<number, number[]>(conditions.map((rules) => [rules, []]));
    for (let repetition = 0; repetition < repetitions; repetition++) {
      progress(`${workload.name}, ${transport}: ${repetition + 1} of ${repetitions}`);
      for (const rules of repetition % 2 === 0 ? conditions : conditions.toReversed()) {
        await lab.apply(rules === 0 ? noRules : lastOf(rules, serving));
        const sample = await workload.measure(lab, transport);
        samples.get(rules)!.push(sample[key] ?? NaN);
      }
    }
    const figure = workload.figures.find((each) => each.key === key)!;
    const medianOf = (rules: number): number => median(samples.get(rules)!);
    for (const rules of counts)
      results.push({ figure, transport, rules, value: medianOf(rules), withoutRules: medianOf(0) });
  }
  return results;
}
