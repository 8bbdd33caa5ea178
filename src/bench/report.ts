import { availableParallelism, release } from 'node:os';
import type { Figure } from './figure.js';
import type { Measured } from './measure.js';
import type { Part } from './part.js';

export interface MeasuredPart {
  part: Part;
  measured: Measured[];
}

export interface Result extends Figure {
  /** The conditions under which it was measured: a part of the benchmark. */
  part: string;
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
  /** What each part’s name means, in the order in which they were measured. */
  parts: Pick<Part, 'name' | 'title'>[];
  results: Result[];
}

export const reportOf = (parts: readonly MeasuredPart[], repetitions: number): Report => ({
  cores: availableParallelism(),
  kernel: release(),
  node: process.version,
  repetitions,
  parts: parts.map(({ part: { name, title } }) => ({ name, title })),
  results: parts.flatMap(({ part, measured }) =>
    measured.map(({ figure, medians }) => ({
      part: part.name,
      ...resultOf(figure, medians.plain ?? NaN, medians.vsocket ?? NaN),
    })),
  ),
});

export function resultOf(figure: Figure, plain: number, vsocket: number): Omit<Result, 'part'> {
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
