/** What a host said is old after so many rounds without a word: in the third one a dead peer has its sign. */
const staleRounds = 2.5;

/** Rounds that follow each other quickly are no reason to call a host old that takes a moment to answer. */
const staleAtLeastMilliseconds = 1500;

/** For so long figures are not old, where the pause between two rounds is this, in milliseconds. */
export function patienceMilliseconds(pauseMilliseconds: number): number {
  return Math.max(staleAtLeastMilliseconds, staleRounds * pauseMilliseconds);
}
