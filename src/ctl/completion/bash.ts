import type { Command, OptionSpec } from '../commands/command.js';
import { offersOf, type Offers } from './offers.js';

/** A completion script for bash, from the commands' own data. What hosts say is never evaluated. */
export function bashCompletion(commands: readonly Command[]): string {
  const names = [...commands.map((command) => command.name), 'help', '--help', '--version'];
  return `${[
    '_vsockctl() {',
    '  local line=${COMP_LINE:0:COMP_POINT} words=() offers=() ask= candidate',
    '  # Bash takes a colon or = for the end of a word; names of flows have a colon.',
    '  read -ra words <<< "$line"',
    '  [[ $line == *[[:space:]] ]] && words+=("")',
    '  local count=${#words[@]}',
    '  local current=${words[count-1]} previous=${words[count-2]}',
    '  if [[ $current == --*=* ]]; then',
    '    previous=${current%%=*} current=${current#*=}',
    '  fi',
    '  COMPREPLY=()',
    '  if (( count == 2 )); then',
    `    offers=(${names.join(' ')})`,
    '  else',
    '    case ${words[1]}/$previous in',
    ...commands.flatMap((command) => command.options.flatMap((option) => valueCase(command, option))),
    '    *)',
    '      case ${words[1]} in',
    ...commands.map(wordCase),
    '      esac ;;',
    '    esac',
    '  fi',
    '  [[ $ask ]] && mapfile -t offers < <("${words[0]}" __complete "$ask" -- "$current" "${words[@]}" 2>/dev/null)',
    '  local done=${current%"${current##*[:=]}"}',
    '  for candidate in "${offers[@]}"; do',
    '    [[ $candidate == "$current"* ]] && COMPREPLY+=("${candidate#"$done"}")',
    '  done',
    '}',
    'complete -F _vsockctl vsockctl',
  ].join('\n')}\n`;
}

/** After an option with a value come its values, or nothing that is known. */
function valueCase(command: Command, option: OptionSpec): string[] {
  if (option.value === undefined) return [];
  const pattern = spellings(option)
    .map((spelling) => `${command.name}/${spelling}`)
    .join('|');
  return [`    ${pattern}) ${assignments(offersOf(option))};;`];
}

/** Arguments, or options where a dash was typed or there are no arguments. */
function wordCase(command: Command): string {
  const options = ['--help', ...command.options.flatMap(spellings)].join(' ');
  const [argument] = command.arguments;
  const words = argument === undefined ? '' : assignments(offersOf(argument));
  return words === ''
    ? `      ${command.name}) offers=(${options}) ;;`
    : `      ${command.name}) if [[ $current == -* ]]; then offers=(${options}); else ${words}fi ;;`;
}

function assignments({ words, ask, isBegun }: Offers): string {
  if (ask !== undefined) return `ask=${ask}; `;
  if (words.length === 0) return '';
  const list = `offers=(${words.map(quote).join(' ')}); `;
  return isBegun ? `${list}compopt -o nospace 2>/dev/null; ` : list;
}

function spellings(option: OptionSpec): string[] {
  return [`--${option.long}`, ...(option.short === undefined ? [] : [`-${option.short}`])];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
