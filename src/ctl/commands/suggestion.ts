import { CommanderError } from 'commander';
import { nearestWord } from '../../filter/nearest-word.js';
import type { OptionSpec } from './command.js';

/** To an option that is none, the one that was probably meant: one that begins so, or is a slip of the hand away. */
export function withSuggestion(error: CommanderError, options: readonly OptionSpec[]): CommanderError {
  const given = error.code === 'commander.unknownOption' ? /'--([^']+)'/.exec(error.message)?.[1] : undefined;
  if (given === undefined) return error;
  const names = options.map(({ long }) => long);
  // What begins otherwise is another word: --sort is not --host.
  const alike = names.filter((name) => name.startsWith(given.slice(0, 1)));
  const meant = names.find((name) => name.startsWith(given)) ?? nearestWord(given, alike);
  if (meant === null) return error;
  return new CommanderError(error.exitCode, error.code, `${error.message}, did you mean --${meant}?`);
}
