import { lineOf, verdictOf } from './attempt.js';
import { isolationAttempts } from './all-attempts.js';

/** Prints the matrix of isolation: a line a try, with its verdict. Its exit code is 1 where one did not hold. */
const counts = new Map<string, number>();
await isolationAttempts((attempt) => {
  console.log(lineOf(attempt));
  const verdict = verdictOf(attempt);
  counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
});
console.log([...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', '));
process.exitCode = counts.size === 1 && counts.has('held') ? 0 : 1;
