/** Exit codes of every vSocket command; scripts rely on them, so a number never changes its meaning. */
export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  someHostsFailed: 3,
  authentication: 4,
  unreachable: 5,
  notFound: 6,
  refused: 7,
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
