import type { ExitCode } from '../../errors/exit-code.js';

/** For help and man pages. */
export const exitCodeMeanings: Record<ExitCode, string> = {
  0: 'done',
  1: 'failed; also: all hosts failed, for different reasons',
  2: 'wrong usage or configuration',
  3: 'some hosts failed; what the others said is on stdout',
  4: 'authentication or host key: all hosts asked refused the key, or their own keys are unknown or have changed',
  5: 'all hosts asked are unreachable or did not answer in time',
  6: 'not found',
  7: 'refused, or not confirmed',
  130: 'interrupted',
};
