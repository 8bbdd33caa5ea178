import { runBench } from '../bench-program.js';
import { compilePrograms } from '../compile-programs.js';
import { median } from '../measure.js';
import { fastFlowsOfPair, revocation, type Revocation } from './revocation.js';
import { ruleCosts } from './rule-costs.js';
import { noRules, rulesFor } from './rule-sets.js';
import { RulesLab } from './rules-lab.js';
import { numeric } from '../table.js';
import { renderRulesTable, rulesReportOf, type ApplyTime, type RulesReport } from './rules-report.js';

/**
 * How many connections, and how often a watched end sends, in milliseconds: its last byte comes so much too early at
 * most. More would be work for the machine only.
 */
const sizes = [
  { connections: 1, every: 1 },
  { connections: 1000, every: 5 },
  { connections: 20_000, every: 20 },
] as const;
const mostConnections = Math.max(...sizes.map(({ connections }) => connections));
/** Half of the connections are to be on shared memory. */
const pairs = Math.ceil(mostConnections / 2 / fastFlowsOfPair);
const ruleCounts = [10, 1000, 10_000];

/** Of each figure the median. */
function medianOf(runs: readonly Revocation[]): Revocation {
  const [first] = runs;
  const keys = Object.keys(first!) as (keyof Revocation)[];
  return Object.fromEntries(
    keys.map((key) => [key, median(runs.map((run) => run[key]))]),
  ) as unknown as Revocation;
}

type Progress = (text: string) => void;
type Parts = Pick<RulesReport, 'revocations' | 'applyTimes' | 'costs'>;

async function revocations(lab: RulesLab, repetitions: number, progress: Progress): Promise<Revocation[]> {
  const results: Revocation[] = [];
  for (const { connections, every } of sizes) {
    const runs: Revocation[] = [];
    for (let repetition = 0; repetition < repetitions; repetition++) {
      progress(`revocation of ${connections} connections: ${repetition + 1} of ${repetitions}`);
      const run = await revocation(lab, connections, every);
      progress(`  last byte after ${numeric(run.p99Milliseconds)} ms (p99)`);
      runs.push(run);
    }
    results.push(medianOf(runs));
  }
  return results;
}

async function applyTimes(lab: RulesLab, repetitions: number, progress: Progress): Promise<ApplyTime[]> {
  const vms = lab.vms.map(({ name }) => name);
  const results: ApplyTime[] = [];
  for (const rules of ruleCounts) {
    progress(`apply of ${rules} rules`);
    const times: number[] = [];
    for (let repetition = 0; repetition < repetitions; repetition++) {
      await lab.apply(noRules);
      times.push((await lab.apply(rulesFor(rules, vms))).milliseconds);
    }
    results.push({ rules, milliseconds: median(times) });
  }
  await lab.apply(noRules);
  return results;
}

const parts: Record<keyof Parts, string> = {
  revocations: 'from a change of rules to the last byte of what they do not allow any more',
  applyTimes: 'how long it takes to take rules into force',
  costs: 'what rules cost a connection and a packet',
};

await runBench({
  name: 'bench:rules',
  summary: 'Measures security groups: how soon a change cuts what is open, and what rules cost.',
  parts,
  repetitions: 5,
  render: renderRulesTable,
  async measure(repetitions, signal, progress, names) {
    const isAsked = (part: keyof Parts): boolean => names.length === 0 || names.includes(part);
    await compilePrograms();
    return RulesLab.open(pairs, signal, async (lab) =>
      rulesReportOf(repetitions, {
        revocations: isAsked('revocations') ? await revocations(lab, repetitions, progress) : [],
        applyTimes: isAsked('applyTimes') ? await applyTimes(lab, repetitions, progress) : [],
        costs: isAsked('costs') ? await ruleCosts(lab, repetitions, progress) : [],
      }),
    );
  },
});
