import fc from 'fast-check';
import { firstDifference } from './compare.js';
import { describeOutcome, describePlay } from './describe.js';
import type { Feature } from './feature.js';
import type { Outcome, Program } from './program.js';
import { programsOf } from './programs.js';
import type { Mode } from './stage.js';
import type { Play, Theatre } from './theatre.js';

/** The smallest program of its kind with which something else comes with the library than without it. */
export interface Finding {
  /** The call, what it gives without the library and with it: enough to tell one kind of difference from another. */
  kind: string;
  report: string;
}

export interface Search {
  mode: Mode;
  features: readonly Feature[];
  seed: number;
  programs: number;
  /** Steps of a program, at most. */
  longest?: number;
  /** Kinds of differences that are not looked for any more. */
  known?: ReadonlySet<string>;
  isOver?: () => boolean;
}

interface Different {
  program: Program;
  play: Play;
  kind: string;
}

const repetitions = 5;
/** What hangs takes seconds each time. */
const shrinkMilliseconds = 20_000;

function kindOf({ program, plain, other }: Play, step: number): string {
  const short = (outcome: Outcome): string =>
    describeOutcome(outcome)
      .replace(/ \(asked .*/, '')
      .replace(/\b\d{2,}\b/g, 'N');
  return `${program.steps[step]!.call}: ${short(plain[step]!)} / ${short(other[step]!)}`;
}

/** Plays random programs until one differs; then smaller and smaller ones that differ in the same way. */
export async function search(theatre: Theatre, options: Search): Promise<Finding | null> {
  const { mode, features, seed, programs, longest = 24, known, isOver = () => false } = options;
  const failing: Different[] = [];
  let shrinkUntil = Infinity;
  const property = fc.asyncProperty(programsOf(features, longest), async (program) => {
    if (isOver() || Date.now() > shrinkUntil) return true;
    const play = await theatre.play(program, mode);
    const step = firstDifference(play.plain, play.other);
    if (step === null) return true;
    const kind = kindOf(play, step);
    const before = failing.at(-1);
    if (known?.has(kind) || (before && before.kind !== kind)) return true;
    if (!before) shrinkUntil = Date.now() + shrinkMilliseconds;
    failing.push({ program, play, kind });
    return false;
  });
  const { errorInstance } = await fc.check(property, { seed, numRuns: programs });
  const smallest = failing.at(-1);
  if (smallest) return await describe(theatre, options, smallest);
  if (errorInstance) throw new Error('the differential test itself failed', { cause: errorInstance });
  return null;
}

async function describe(theatre: Theatre, { mode, seed }: Search, different: Different): Promise<Finding> {
  const { program, play, kind } = different;
  let again = 0;
  for (let time = 0; time < repetitions; time++) {
    const { plain, other } = await theatre.play(program, mode);
    if (firstDifference(plain, other) !== null) again++;
  }
  const repeated = `played again, it differed ${again} times of ${repetitions}`;
  return {
    kind,
    report: `${describePlay(play.program, play.plain, play.other)}\n(${mode}, seed ${seed}; ${repeated})`,
  };
}
