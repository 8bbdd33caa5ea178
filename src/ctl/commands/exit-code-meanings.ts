import type { ExitCode } from '../../errors/exit-code.js';

/** For help and man pages. */
export const exitCodeMeanings: Record<ExitCode, string> = {
  0: 'done',
  1: 'failed',
  2: 'wrong usage or configuration',
  3: 'some hosts failed; what the others said is on stdout',
  4: 'authentication or host key: the only host asked refused the key, or its own key is unknown or has changed',
  5: 'the only host asked is unreachable or did not answer in time',
  6: 'not found',
  7: 'refused, or not confirmed',
  130: 'interrupted',
};
