import type { Command, OptionSpec } from '../commands/command.js';
import { exitCodeMeanings } from '../commands/exit-code-meanings.js';
import { filterHelp, filterKeys } from '../filter/grammar.js';
import { liveBindings } from '../screen/key-bindings.js';

/** Manual pages by file name, from the same data as the parser and the help. */
export function manPages(commands: readonly Command[]): Map<string, string> {
  const pages = commands.map((command): [string, string] => [
    `vsockctl-${command.name}.1`,
    commandPage(command),
  ]);
  return new Map([['vsockctl.1', overviewPage(commands)], ...pages]);
}

function overviewPage(commands: readonly Command[]): string {
  return page('vsockctl', 'show and kill the flows of vSocket hosts, over SSH', [
    section('SYNOPSIS', ['.B vsockctl', '.I COMMAND', '.RI [ OPTIONS ]']),
    section(
      'COMMANDS',
      commands.flatMap(({ name, summary }) => item(`\\fBvsockctl\\-${roff(name)}\\fR(1)`, summary)),
    ),
    section('FILTERS', [...paragraphs(filterHelp), '.PP', '.nf', ...filterKeys().map(roff), '.fi']),
    section(
      'ENVIRONMENT',
      environment.flatMap(([name, meaning]) => item(`\\fB${name}\\fR`, meaning)),
    ),
    section(
      'EXIT STATUS',
      exitStatus(Object.keys(exitCodeMeanings).map(Number) as (keyof typeof exitCodeMeanings)[]),
    ),
  ]);
}

const environment: readonly (readonly [string, string])[] = [
  ['VSOCKCTL_HOSTS', 'hosts to ask where no --host is given, separated by blanks or commas'],
  ['VSOCKCTL_SSH_CONFIG', 'SSH configuration file to use in place of the user’s and the system’s, as ssh -F'],
  ['VSOCKCTL_SOCKET_DIRECTORY', 'directory of vsockd’s sockets on the hosts'],
  ['NO_COLOR', 'no colours in top'],
];

function commandPage(command: Command): string {
  const words = command.arguments.map(
    ({ name, arity }) => `.RI ${arity === 'many' ? `[ ${roff(name)} ...]` : roff(name)}`,
  );
  return page(`vsockctl-${command.name}`, command.summary, [
    section('SYNOPSIS', [`.B vsockctl ${roff(command.name)}`, '.RI [ OPTIONS ]', ...words]),
    section('DESCRIPTION', paragraphs(command.description)),
    section(
      'ARGUMENTS',
      command.arguments.flatMap(({ name, summary }) => item(`\\fI${roff(name)}\\fR`, summary)),
    ),
    section(
      'OPTIONS',
      command.options.flatMap((option) => item(spelling(option), optionText(option))),
    ),
    command.name === 'top'
      ? section(
          'KEYS',
          liveBindings(false).flatMap(({ label, summary }) => item(`\\fB${roff(label)}\\fR`, summary)),
        )
      : '',
    section(
      'EXAMPLES',
      command.examples.flatMap(({ line, meaning }) => item(`\\fB${roff(line)}\\fR`, meaning)),
    ),
    section('EXIT STATUS', exitStatus(command.exitCodes)),
    section('SEE ALSO', [
      command.name === 'top' ? '.BR vsockctl (1)' : '.BR vsockctl (1),',
      ...(command.name === 'top' ? [] : ['.BR vsockctl\\-top (1)']),
    ]),
  ]);
}

function page(name: string, summary: string, sections: readonly string[]): string {
  const head = [
    `.TH ${roff(name).toUpperCase()} 1 "" "vSocket" "vSocket manual"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(summary)}`,
  ];
  return `${head.join('\n')}\n${sections.join('')}`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `.SH ${title}\n${lines.join('\n')}\n`;
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text) => ['.PP', roff(text)]);
}

function item(tag: string, text: string): string[] {
  return ['.TP', tag, roff(text)];
}

function exitStatus(codes: readonly (keyof typeof exitCodeMeanings)[]): string[] {
  return codes.flatMap((code) => item(`\\fB${String(code)}\\fR`, exitCodeMeanings[code]));
}

function spelling(option: OptionSpec): string {
  const short = option.short === undefined ? '' : `\\fB\\-${option.short}\\fR, `;
  return `${short}\\fB\\-\\-${roff(option.long)}\\fR${option.value === undefined ? '' : ` \\fI${option.value}\\fR`}`;
}

function optionText(option: OptionSpec): string {
  return `${option.summary}${option.variable === undefined ? '' : ` ($${option.variable})`}`;
}

/** Escapes what roff would take for its own: backslashes, hyphens, and dots or quotes at the start of a line. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
}
