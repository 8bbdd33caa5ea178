import { availableParallelism, release } from 'node:os';
import type { Measured } from '../measure.js';
import { resultOf, type Report, type Result } from '../report.js';
import { metText, targetText } from '../render-report.js';
import { cell, runsText, tableOf, type Column } from '../table.js';
import { modelSettings } from './model-nic.js';

export interface HostsResult extends Omit<Result, 'part' | 'plain' | 'vsocket'> {
  /** Null where no run was carried as it should be. */
  plain: number | null;
  vsocket: number | null;
  /** Of the modelled NICs by themselves; null where nothing measures it. */
  alone: number | null;
}

export interface HostsReport extends Omit<Report, 'parts' | 'results'> {
  model: typeof modelSettings;
  discarded: string[];
  results: HostsResult[];
}

/** The two hosts, their guests, NICs and the kernel’s part of VxLAN each want a processor. */
const fewProcessors = 8;
/** How much of a round trip may come on top of the NICs’ own. */
const mostAboveAlone = 3;

/** @param alone by the figures’ keys */
export function hostsReportOf(
  measured: readonly Measured[],
  alone: Readonly<Record<string, number>>,
  repetitions: number,
  discarded: string[],
): HostsReport {
  const results = measured.flatMap(({ figure, medians }): HostsResult[] => {
    const [plain, vsocket] = [medians.plain ?? null, medians.vsocket ?? null];
    const { ratio, met } = resultOf(figure, plain ?? NaN, vsocket ?? NaN);
    const isCompared = plain !== null && vsocket !== null;
    const compared = isCompared ? { ratio, met } : { ratio: null, met: null };
    const own = { ...figure, plain, vsocket, ...compared, alone: alone[figure.key] ?? null };
    return figure.key === 'roundTripP50' ? [own, aboveAlone(own)] : [own];
  });
  return {
    ...{ cores: availableParallelism(), kernel: release(), node: process.version },
    ...{ repetitions, model: modelSettings, discarded, results },
  };
}

/** What plain TCP and vSocket need on top of the NICs. */
function aboveAlone({ plain, vsocket, alone }: HostsResult): HostsResult {
  const over = (figure: number | null): number | null =>
    figure === null || alone === null ? null : figure - alone;
  const ofVsocket = over(vsocket);
  return {
    key: 'roundTripAboveAlone',
    title: '  above the model alone',
    unit: 'us',
    better: 'lower',
    target: { of: 'value', limit: mostAboveAlone },
    plain: over(plain),
    vsocket: ofVsocket,
    ratio: null,
    met: ofVsocket === null ? null : ofVsocket <= mostAboveAlone,
    alone: null,
  };
}

const columns: readonly Column<HostsResult>[] = [
  { title: 'FIGURE', align: 'left', text: ({ title }) => title },
  { title: 'PLAIN TCP', align: 'right', text: ({ plain }) => cell(plain) },
  { title: 'VSOCKET', align: 'right', text: ({ vsocket }) => cell(vsocket) },
  { title: 'MODEL ALONE', align: 'right', text: ({ alone }) => cell(alone) },
  { title: 'UNIT', align: 'left', text: ({ unit }) => unit },
  { title: 'RATIO', align: 'right', text: ({ ratio }) => cell(ratio, 'x') },
  { title: 'TARGET', align: 'right', text: targetText },
  { title: 'MET', align: 'left', text: metText },
];

/** The report as a table for people. */
export function renderHostsTable(report: HostsReport): string {
  const { results, repetitions, cores, kernel, node, model, discarded } = report;
  const notes = [
    `${runsText(repetitions)}, in turns; two hosts of one machine with ${cores} cores, Linux ${kernel}, Node ${node}.`,
    `The NICs are a MODEL in software, no hardware: ${model.delayNanoseconds / 1000} us one way, ${model.gigabits} Gb/s, ` +
      `${model.fetchNanoseconds / 1000} us to fetch bytes that are not inline (docs/model-nic.md).`,
    'Plain TCP: from a VM to a VM on the other host over VxLAN, without a wire’s delay. Model alone: two processes without vsockd.',
    'Processor time is the whole machine’s, both hosts together, without the threads that stand for the NICs.',
    ...(cores < fewProcessors
      ? [`With ${cores} cores the NICs’ threads take time from hosts and guests, which hardware would not.`]
      : []),
    ...discarded.map((text) => `Not counted: ${text}`),
  ];
  return `${tableOf(columns, results)}\n${notes.join('\n')}\n`;
}
