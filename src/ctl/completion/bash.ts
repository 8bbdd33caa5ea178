import type { Command, OptionSpec } from '../commands/command.js';

/** A completion script for bash, from the commands' own data. */
export function bashCompletion(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const words = [
      ...command.options.flatMap(spellings),
      ...command.arguments.flatMap((argument) => argument.choices ?? []),
    ];
    return `    ${command.name}) words=${quote(['--help', ...words].join(' '))} ;;`;
  });
  const values = valueCases(commands).map(
    ([option, choices]) => `    ${option}) words=${quote(choices.join(' '))} ;;`,
  );
  return `${[
    '_vsockctl() {',
    '  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words=',
    '  case ${COMP_WORDS[1]} in',
    ...cases,
    `    *) words=${quote([...commands.map((command) => command.name), 'help', '--help', '--version'].join(' '))} ;;`,
    '  esac',
    '  case $previous in',
    ...values,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -F _vsockctl vsockctl',
  ].join('\n')}\n`;
}

/** Every option that takes one of a few values, as `--output|-o`. */
function valueCases(commands: readonly Command[]): [string, readonly string[]][] {
  const cases = new Map<string, readonly string[]>();
  for (const option of commands.flatMap((command) => command.options)) {
    if (option.choices !== undefined) cases.set(spellings(option).join('|'), option.choices);
  }
  return [...cases];
}

function spellings(option: OptionSpec): string[] {
  return [`--${option.long}`, ...(option.short === undefined ? [] : [`-${option.short}`])];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
