import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { numberToType } from '../model/many-flows.js';
import type { Context } from './context.js';

/** Asks on the terminal; anything but yes is no. Without a terminal there is no question, but an error. */
export async function confirm(question: string, count: number, context: Context): Promise<boolean> {
  if (!context.stdin.isTTY || !context.stderr.isTTY) {
    throw new VsocketError(
      'no-terminal',
      'there is no terminal to ask on',
      'say --yes to go on without a question',
      ExitCode.usage,
    );
  }
  // The question goes to stderr: stdout is data only. Without readline's raw mode Ctrl-C stays a signal.
  const number = numberToType(count);
  const hint = number === null ? '[y/N] ' : `Type ${number} to go on: `;
  const questions = createInterface({ input: context.stdin, output: context.stderr, terminal: false });
  try {
    const ended = once(questions, 'close').then(() => '');
    const answer = await Promise.race([
      questions.question(`${question} ${hint}`, { signal: context.signal }),
      ended,
    ]);
    return number === null ? /^y(es)?$/i.test(answer.trim()) : answer.trim() === number;
  } finally {
    questions.close();
  }
}
