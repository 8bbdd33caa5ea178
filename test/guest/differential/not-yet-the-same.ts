/**
 * What differs today, by the names of features, each with what is wrong: the test leaves it out, and
 * `npm run soak:guest -- --all` does not. Who mends one of them takes its line away.
 */
export const notYetTheSame: ReadonlyMap<string, string> = new Map([]);
