import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import type { Context } from './context.js';

/** Asks on the terminal; anything but yes is no. Without a terminal there is no question, but an error. */
export async function confirm(question: string, context: Context): Promise<boolean> {
  if (!context.stdin.isTTY || !context.stderr.isTTY) {
    throw new VsocketError(
      'no-terminal',
      'there is no terminal to ask on',
      'say --yes to go on without a question',
      ExitCode.usage,
    );
  }
  // The question goes to stderr: stdout is data only. Without readline's raw mode Ctrl-C stays a signal.
  const questions = createInterface({ input: context.stdin, output: context.stderr, terminal: false });
  try {
    const ended = once(questions, 'close').then(() => '');
    const answer = await Promise.race([
      questions.question(`${question} [y/N] `, { signal: context.signal }),
      ended,
    ]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    questions.close();
  }
}
