import type { Report, Result } from './report.js';
import { numeric, runsText, tableOf, type Column } from './table.js';

const columns: readonly Column<Result>[] = [
  { title: 'FIGURE', align: 'left', text: ({ title }) => title },
  { title: 'PLAIN TCP', align: 'right', text: ({ plain }) => numeric(plain) },
  { title: 'VSOCKET', align: 'right', text: ({ vsocket }) => numeric(vsocket) },
  { title: 'UNIT', align: 'left', text: ({ unit }) => unit },
  { title: 'RATIO', align: 'right', text: ({ ratio }) => (ratio === null ? '-' : `${numeric(ratio)}x`) },
  { title: 'TARGET', align: 'right', text: targetText },
  { title: 'MET', align: 'left', text: ({ met }) => (met === null ? '-' : met ? 'yes' : 'NO') },
];

function targetText({ target, better, unit }: Result): string {
  if (!target) return '-';
  const sign = better === 'higher' ? '>=' : '<=';
  return `${sign} ${target.limit}${target.of === 'ratio' ? 'x' : ` ${unit}`}`;
}

/** The report as a table for people. */
export function renderTable({ results, repetitions, cores, kernel, node }: Report): string {
  const machine = `${cores} cores, Linux ${kernel}, Node ${node}`;
  return `${tableOf(columns, results)}\n${runsText(repetitions)}, plain TCP and vSocket in turns; ${machine}\n`;
}
