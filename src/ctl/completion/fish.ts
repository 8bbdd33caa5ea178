import type { ArgumentSpec, Command, OptionSpec } from '../commands/command.js';
import { offersOf } from './offers.js';

/** A completion script for fish, from the commands' own data. Files are never offered. */
export function fishCompletion(commands: readonly Command[]): string {
  const lines = [
    'function __vsockctl_ask',
    '  set -l words (commandline -opc)',
    '  set -l current (commandline -ct | string replace -r -- "^--[a-z-]+=" "")',
    '  $words[1] __complete $argv[1] -- "$current" $words "$current" 2>/dev/null',
    'end',
    'complete -c vsockctl -f',
  ];
  for (const command of commands) {
    lines.push(
      `complete -c vsockctl -n __fish_use_subcommand -a ${command.name} -d ${quote(command.summary)}`,
    );
    const condition = `-n ${quote(`__fish_seen_subcommand_from ${command.name}`)}`;
    for (const option of command.options)
      lines.push(`complete -c vsockctl ${condition} ${optionWords(option)}`);
    for (const argument of command.arguments) {
      const values = valueWords(argument);
      if (values !== '') lines.push(`complete -c vsockctl ${condition}${values}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function optionWords(option: OptionSpec): string {
  const short = option.short === undefined ? '' : ` -s ${option.short}`;
  const value = option.value === undefined ? '' : ` -x${valueWords(option)}`;
  return `-l ${option.long}${short}${value} -d ${quote(option.summary)}`;
}

function valueWords(spec: OptionSpec | ArgumentSpec): string {
  const { words, ask } = offersOf(spec);
  if (ask !== undefined) return ` -a ${quote(`(__vsockctl_ask ${ask})`)}`;
  return words.length === 0 ? '' : ` -a ${quote(words.join(' '))}`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
