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
  const values = commands.flatMap((command) =>
    command.options.flatMap((option) => {
      const { choices } = option;
      return choices === undefined
        ? []
        : [`    ${valuePattern(command, option)}) words=${quote(choices.join(' '))} ;;`];
    }),
  );
  return `${[
    '_vsockctl() {',
    '  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words=',
    '  case ${COMP_WORDS[1]} in',
    ...cases,
    `    *) words=${quote([...commands.map((command) => command.name), 'help', '--help', '--version'].join(' '))} ;;`,
    '  esac',
    '  case ${COMP_WORDS[1]}/$previous in',
    ...values,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -F _vsockctl vsockctl',
  ].join('\n')}\n`;
}

/** `flows/--output|flows/-o` */
function valuePattern(command: Command, option: OptionSpec): string {
  return spellings(option)
    .map((spelling) => `${command.name}/${spelling}`)
    .join('|');
}

function spellings(option: OptionSpec): string[] {
  return [`--${option.long}`, ...(option.short === undefined ? [] : [`-${option.short}`])];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
