import type { ArgumentSpec, Command, OptionSpec } from '../commands/command.js';
import { offersOf } from './offers.js';

/** A completion script for zsh, from the commands' own data. */
export function zshCompletion(commands: readonly Command[]): string {
  const names = commands.map((command) => `    ${quote(`${command.name}:${escape(command.summary)}`)}`);
  const cases = commands.map((command) => {
    const specs = [...command.options.flatMap(optionSpecs), ...command.arguments.map(argumentSpec)];
    return `    ${command.name}) _arguments ${specs.join(' ')} ;;`;
  });
  return `${[
    '#compdef vsockctl',
    '_vsockctl_ask() {',
    '  local -a names',
    '  names=(${(f)"$($program __complete $argv[-1] -- "$PREFIX" $line_words 2>/dev/null)"})',
    '  compadd "${(@)argv[1,-2]}" -a names',
    '}',
    '_vsockctl() {',
    '  local program=$words[1]',
    '  local -a line_words=("${(@)words}")',
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
  const value = option.value === undefined ? '' : `:${option.value}:${action(option)}`;
  const spellings = [`--${option.long}`, ...(option.short === undefined ? [] : [`-${option.short}`])];
  return spellings.map((spelling) => quote(`${repeat}${spelling}[${escape(option.summary)}]${value}`));
}

function argumentSpec(argument: ArgumentSpec): string {
  return quote(`${argument.arity === 'many' ? '*' : '1'}:${argument.name}:${action(argument)}`);
}

/** How zsh finds the values; a blank finds none. */
function action(spec: OptionSpec | ArgumentSpec): string {
  const { words, ask, isBegun } = offersOf(spec);
  if (ask !== undefined) return `_vsockctl_ask ${ask}`;
  if (words.length === 0) return ' ';
  return isBegun ? `compadd -S "" -- ${words.join(' ')}` : `(${words.join(' ')})`;
}

/** Characters that mean something inside a specification. */
function escape(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
