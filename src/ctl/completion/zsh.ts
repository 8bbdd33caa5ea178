import type { Command, OptionSpec } from '../commands/command.js';

/** A completion script for zsh, from the commands' own data. */
export function zshCompletion(commands: readonly Command[]): string {
  const names = commands.map((command) => `    ${quote(`${command.name}:${escape(command.summary)}`)}`);
  const cases = commands.map((command) => {
    const specs = command.options.flatMap(optionSpecs);
    const choices = command.arguments.flatMap(({ name, choices: values }) =>
      values === undefined ? [] : [quote(`1:${name}:(${values.join(' ')})`)],
    );
    return `    ${command.name}) _arguments ${[...specs, ...choices].join(' ')} ;;`;
  });
  return `${[
    '#compdef vsockctl',
    '_vsockctl() {',
    '  local -a commands=(',
    ...names,
    '  )',
    '  if (( CURRENT == 2 )); then',
    "    _describe 'command' commands",
    '    return',
    '  fi',
    '  shift words',
    '  (( CURRENT-- ))',
    '  case $words[1] in',
    ...cases,
    '  esac',
    '}',
    'compdef _vsockctl vsockctl',
  ].join('\n')}\n`;
}

function optionSpecs(option: OptionSpec): string[] {
  const repeat = option.repeatable === true ? '*' : '';
  const value =
    option.value === undefined
      ? ''
      : `:${option.value}:${option.choices === undefined ? '' : `(${option.choices.join(' ')})`}`;
  const spellings = [`--${option.long}`, ...(option.short === undefined ? [] : [`-${option.short}`])];
  return spellings.map((spelling) => quote(`${repeat}${spelling}[${escape(option.summary)}]${value}`));
}

/** Characters that mean something inside a specification. */
function escape(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
