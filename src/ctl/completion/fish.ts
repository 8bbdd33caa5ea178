import type { Command, OptionSpec } from '../commands/command.js';

/** A completion script for fish, from the commands' own data. */
export function fishCompletion(commands: readonly Command[]): string {
  const lines = ['complete -c vsockctl -f'];
  for (const command of commands) {
    lines.push(
      `complete -c vsockctl -n __fish_use_subcommand -a ${command.name} -d ${quote(command.summary)}`,
    );
    const condition = `-n ${quote(`__fish_seen_subcommand_from ${command.name}`)}`;
    for (const option of command.options)
      lines.push(`complete -c vsockctl ${condition} ${optionWords(option)}`);
    for (const { choices } of command.arguments) {
      if (choices !== undefined)
        lines.push(`complete -c vsockctl ${condition} -a ${quote(choices.join(' '))}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function optionWords(option: OptionSpec): string {
  const short = option.short === undefined ? '' : ` -s ${option.short}`;
  const value = option.value === undefined ? '' : ' -r';
  const choices = option.choices === undefined ? '' : ` -a ${quote(option.choices.join(' '))}`;
  return `-l ${option.long}${short}${value}${choices} -d ${quote(option.summary)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
