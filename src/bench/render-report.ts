import type { Report, Result } from './measure.js';

interface Column {
  title: string;
  align: 'left' | 'right';
  text: (result: Result) => string;
}

const columns: readonly Column[] = [
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

const numeric = (value: number): string =>
  value.toLocaleString('en', { maximumSignificantDigits: 3, useGrouping: false });

/** The report as a table for people. */
export function renderTable({ results, repetitions, cores, kernel, node }: Report): string {
  const rows = [
    columns.map(({ title }) => title),
    ...results.map((result) => columns.map(({ text }) => text(result))),
  ];
  const widths = columns.map((_, c) => Math.max(...rows.map((row) => row[c]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, c) =>
        columns[c]?.align === 'left' ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  const runs = repetitions === 1 ? 'one run each' : `median of ${repetitions} runs each`;
  return `${lines.join('\n')}\n\n${runs}, plain TCP and vSocket in turns; ${cores} cores, Linux ${kernel}, Node ${node}\n`;
}
