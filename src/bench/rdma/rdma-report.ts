import { emulatedSpinMicroseconds } from '../../lab/vsockd-service.js';
import type { Figure } from '../figure.js';
import type { Measured } from '../measure.js';
import { cell, runsText, tableOf, type Column } from '../table.js';
import type { Transport } from '../transport.js';

export interface RdmaResult extends Pick<Figure, 'key' | 'title' | 'unit' | 'better'> {
  /** Null where no run was carried as it should be. */
  plain: number | null;
  smc: number | null;
  vsocket: number | null;
  /** Of the devices by themselves, without sockets; null where no program measures it. */
  bare: number | null;
  /** vSocket’s figure as a multiple of the other’s. */
  ratioToPlain: number | null;
  ratioToSmc: number | null;
  /** Of all the others that have a figure; null where vSocket or every other has none. */
  ahead: boolean | null;
}

export interface RdmaReport {
  repetitions: number;
  /** Of the emulated machines. */
  kernel: string;
  /** Why SMC-R could not be measured at all. */
  smcProblem: string | null;
  /** The runs that gave no sample, and why. */
  discarded: string[];
  results: RdmaResult[];
}

/** @param bareFigures by the figures’ keys */
export function rdmaResultOf(
  { figure, medians }: Measured,
  bareFigures: Readonly<Record<string, number>>,
): RdmaResult {
  const { key, title, unit, better } = figure;
  const of = (transport: Transport): number | null => medians[transport] ?? null;
  const [plain, smc, vsocket] = [of('plain'), of('smc'), of('vsocket')];
  const ratioTo = (other: number | null): number | null =>
    vsocket === null || other === null || other === 0 ? null : vsocket / other;
  const [ratioToPlain, ratioToSmc] = [ratioTo(plain), ratioTo(smc)];
  const ratios = [ratioToPlain, ratioToSmc].filter((ratio) => ratio !== null);
  const isAhead = (ratio: number): boolean => (better === 'higher' ? ratio > 1 : ratio < 1);
  const ahead = ratios.length === 0 ? null : ratios.every(isAhead);
  const bare = bareFigures[key] ?? null;
  return { key, title, unit, better, plain, smc, vsocket, bare, ratioToPlain, ratioToSmc, ahead };
}

const columns: readonly Column<RdmaResult>[] = [
  { title: 'FIGURE', align: 'left', text: ({ title }) => title },
  { title: 'PLAIN TCP', align: 'right', text: ({ plain }) => cell(plain) },
  { title: 'SMC-R', align: 'right', text: ({ smc }) => cell(smc) },
  { title: 'VSOCKET', align: 'right', text: ({ vsocket }) => cell(vsocket) },
  { title: 'RDMA ALONE', align: 'right', text: ({ bare }) => cell(bare) },
  { title: 'UNIT', align: 'left', text: ({ unit }) => unit },
  { title: 'TO PLAIN', align: 'right', text: ({ ratioToPlain }) => cell(ratioToPlain, 'x') },
  { title: 'TO SMC-R', align: 'right', text: ({ ratioToSmc }) => cell(ratioToSmc, 'x') },
  { title: 'TARGET', align: 'left', text: ({ better }) => (better === 'higher' ? '> 1x' : '< 1x') },
  { title: 'MET', align: 'left', text: ({ ahead }) => (ahead === null ? '-' : ahead ? 'yes' : 'NO') },
];

/** The report as a table for people. */
export function renderRdmaTable(report: RdmaReport): string {
  const { results, repetitions, kernel, smcProblem, discarded } = report;
  const notes = [
    `${runsText(repetitions)}, in turns; two emulated machines (QEMU without KVM) with Linux ${kernel} and Soft-RoCE.`,
    'Plain TCP and vSocket: from a VM to a VM on the other host, TCP over VxLAN, vSocket on path rdma.',
    `vsockd spins for ${emulatedSpinMicroseconds} us before it sleeps, as in every lab of emulated machines (lab/vsockd-service.ts).`,
    'SMC-R: from host to host on the network of the RDMA devices, without VM and overlay, which favours it.',
    'RDMA alone: the devices without sockets, from host to host (ibv_rc_pingpong, ib_write_bw, one run), a message for each write.',
    ...(smcProblem === null ? [] : [`SMC-R was not measured, MET is against plain TCP alone: ${smcProblem}`]),
    ...discarded.map((text) => `Not counted: ${text}`),
  ];
  return `${tableOf(columns, results)}\n${notes.join('\n')}\n`;
}
