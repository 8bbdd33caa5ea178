import { availableParallelism, release } from 'node:os';
import { targetText, metText } from '../render-report.js';
import { resultOf, type Report } from '../report.js';
import { cell, runsText, tableOf, type Column } from '../table.js';
import { transports } from '../transport.js';
import type { Revocation } from './revocation.js';
import type { RuleCost } from './rule-costs.js';

export interface ApplyTime {
  rules: number;
  milliseconds: number;
}

export interface RulesReport extends Omit<Report, 'parts' | 'results'> {
  /** Medians. */
  revocations: Revocation[];
  applyTimes: ApplyTime[];
  costs: RuleCost[];
}

export const rulesReportOf = (
  repetitions: number,
  measured: Pick<RulesReport, 'revocations' | 'applyTimes' | 'costs'>,
): RulesReport => ({
  cores: availableParallelism(),
  kernel: release(),
  node: process.version,
  repetitions,
  ...measured,
});

/** What is to be reached, by what it depends on. */
const mostP99Milliseconds: Readonly<Record<number, number>> = { 1000: 20, 20_000: 500 };
const mostApplyMilliseconds: Readonly<Record<number, number>> = { 10_000: 1000 };
const leastConnectionRate = { rules: 100, ratio: 0.95 };

interface Line {
  title: string;
  value: number;
  unit: string;
  beside: number | null;
  ratio: number | null;
  target: string;
  met: string;
}

/** A figure of its own; where there is a limit, it may not be exceeded. */
function line(title: string, value: number, unit: string, limit?: number): Line {
  const target = limit === undefined ? '-' : `<= ${limit} ${unit}`;
  const met = metText({ met: limit === undefined ? null : value <= limit });
  return { title, value, unit, beside: null, ratio: null, target, met };
}

function linesOfRevocation(one: Revocation): Line[] {
  const { connections, fastConnections } = one;
  const name = `revoked, ${connections} connections (${fastConnections} on shm)`;
  return [
    line(`${name}: last byte, p50`, one.p50Milliseconds, 'ms'),
    line('  p99', one.p99Milliseconds, 'ms', mostP99Milliseconds[connections]),
    line('  of all that was open', one.lastMilliseconds, 'ms'),
    line('  all programs know that it is over', one.overMilliseconds, 'ms'),
    line('  the request', one.requestMilliseconds, 'ms'),
    line('  ends that saw no reset', one.withoutReset, ''),
  ];
}

function lineOfCost({ figure, transport, rules, value, withoutRules }: RuleCost): Line {
  const { title, unit, better } = figure;
  const isTarget = figure.key === 'connections' && rules === leastConnectionRate.rules;
  const { ratio, met, target } = resultOf(
    {
      ...{ key: figure.key, title, unit, better },
      ...(isTarget ? { target: { of: 'ratio', limit: leastConnectionRate.ratio } as const } : {}),
    },
    withoutRules,
    value,
  );
  return {
    title: `${title}, ${transports[transport]}, ${rules} rules`,
    value,
    unit,
    beside: withoutRules,
    ratio,
    target: targetText({ better, unit, ...(target ? { target } : {}) }),
    met: metText({ met }),
  };
}

const columns: readonly Column<Line>[] = [
  { title: 'WHAT', align: 'left', text: ({ title }) => title },
  { title: 'FIGURE', align: 'right', text: ({ value }) => cell(value) },
  { title: 'NO RULES', align: 'right', text: ({ beside }) => cell(beside) },
  { title: 'UNIT', align: 'left', text: ({ unit }) => unit },
  { title: 'RATIO', align: 'right', text: ({ ratio }) => cell(ratio, 'x') },
  { title: 'TARGET', align: 'right', text: ({ target }) => target },
  { title: 'MET', align: 'left', text: ({ met }) => met },
];

/** The report as a table for people. */
export function renderRulesTable(report: RulesReport): string {
  const { revocations, applyTimes, costs, repetitions, cores, kernel, node } = report;
  const lines = [
    ...revocations.flatMap(linesOfRevocation),
    ...applyTimes.map(({ rules, milliseconds }) =>
      line(`apply of ${rules} rules`, milliseconds, 'ms', mostApplyMilliseconds[rules]),
    ),
    ...costs.map(lineOfCost),
  ];
  const notes = [
    'Revoked: both ends of each connection send; from the request to vsockd to the last byte that an end gets.',
    'p50 and p99 are of ends that send often, 100 at most, half of them on shm; the others send once a minute.',
    `${runsText(repetitions)}, with and without rules in turns; ${cores} cores for vsockd, all programs and the`,
    `kernel together, Linux ${kernel}, Node ${node}.`,
  ];
  return `${tableOf(columns, lines)}\n${notes.join('\n')}\n`;
}
