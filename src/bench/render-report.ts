import type { Report, Result } from './report.js';
import { cell, runsText, tableOf, type Column } from './table.js';

const columns: readonly Column<Result>[] = [
  { title: 'FIGURE', align: 'left', text: ({ title }) => title },
  { title: 'PLAIN TCP', align: 'right', text: ({ plain }) => cell(plain) },
  { title: 'VSOCKET', align: 'right', text: ({ vsocket }) => cell(vsocket) },
  { title: 'UNIT', align: 'left', text: ({ unit }) => unit },
  { title: 'RATIO', align: 'right', text: ({ ratio }) => cell(ratio, 'x') },
  { title: 'TARGET', align: 'right', text: targetText },
  { title: 'MET', align: 'left', text: metText },
];

export function metText({ met }: Pick<Result, 'met'>): string {
  return met === null ? '-' : met ? 'yes' : 'NO';
}

export function targetText({ target, better, unit }: Pick<Result, 'target' | 'better' | 'unit'>): string {
  if (!target) return '-';
  const sign = better === 'higher' ? '>=' : '<=';
  return `${sign} ${target.limit}${target.of === 'ratio' ? 'x' : ` ${unit}`}`;
}

/** The report as tables for people, one for each part. */
export function renderTable({ parts, results, repetitions, cores, kernel, node }: Report): string {
  const machine = `${cores} cores, Linux ${kernel}, Node ${node}`;
  const tables = parts.map(({ name, title }) => {
    const rows = results.filter(({ part }) => part === name);
    return `${title} (${name})\n\n${tableOf(columns, rows)}\n`;
  });
  return `${tables.join('')}${runsText(repetitions)}, plain TCP and vSocket in turns; ${machine}\n`;
}
