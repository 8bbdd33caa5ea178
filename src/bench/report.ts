import { availableParallelism, release } from 'node:os';
import type { Figure } from './figure.js';
import type { Measured } from './measure.js';

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

export const reportOf = (measured: readonly Measured[], repetitions: number): Report => ({
  cores: availableParallelism(),
  kernel: release(),
  node: process.version,
  repetitions,
  results: measured.map(({ figure, medians }) =>
    resultOf(figure, medians.plain ?? NaN, medians.vsocket ?? NaN),
  ),
});

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
