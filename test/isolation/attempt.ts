/** One try to get from one tenant to another, or to be somebody else, and what came of it. */
export interface Attempt {
  what: string;
  /** Who was reached, or what was got, that must not be; empty: nothing. */
  reached: string[];
  /** Who must be reached for the try to say anything, and was not; empty: nobody is missing. */
  missing: string[];
}

/** `held`: nobody was reached who must not be. A try that did not even reach those whom it may says nothing. */
export type Verdict = 'held' | 'BROKEN' | 'NO TRY';

export function verdictOf({ reached, missing }: Attempt): Verdict {
  if (reached.length > 0) return 'BROKEN';
  return missing.length > 0 ? 'NO TRY' : 'held';
}

/** A line of the matrix. */
export function lineOf(attempt: Attempt): string {
  const { what, reached, missing } = attempt;
  const verdict = verdictOf(attempt);
  const detail =
    verdict === 'held'
      ? ''
      : verdict === 'BROKEN'
        ? `  reached: ${reached.join(', ')}`
        : `  missing: ${missing.join(', ')}`;
  return `${verdict.padEnd(6)}  ${what}${detail}`;
}
