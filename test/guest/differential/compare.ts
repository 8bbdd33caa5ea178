import type { Outcome } from './program.js';

/** The step whose difference showed first; null when the runs are the same. */
export function firstDifference(plain: readonly Outcome[], other: readonly Outcome[]): number | null {
  let first: { step: number; shown: number } | null = null;
  for (const [step, expected] of plain.entries()) {
    const got = other[step]!;
    if (sameOutcome(expected, got) || got.status === 'not run') continue;
    const shown = Math.min(shownAt(expected, step), shownAt(got, step));
    if (!first || shown < first.shown) first = { step, shown };
  }
  return first && first.step;
}

/** What a call that blocked gave was seen at the step that ended it. */
function shownAt(outcome: Outcome, step: number): number {
  if (outcome.status !== 'blocked') return step;
  return outcome.endedWith < 0 ? Infinity : outcome.endedWith;
}

function sameOutcome(a: Outcome, b: Outcome): boolean {
  if (a.status !== b.status || a.endedWith !== b.endedWith) return false;
  if (a.status !== 'done' && a.endedWith < 0) return true;
  return (
    a.value === b.value &&
    a.error === b.error &&
    a.brokenPipes === b.brokenPipes &&
    a.notes.length === b.notes.length &&
    a.notes.every((note, at) => note === b.notes[at])
  );
}
