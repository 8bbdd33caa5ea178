import { Argument, Command as Parser, Option, type OutputConfiguration } from 'commander';
import { inLocale } from '../text/terminal-kind.js';
import type { ExitCode } from '../../errors/exit-code.js';
import { camelCase } from './camel-case.js';
import type { ArgumentSpec, Command, OptionSpec } from './command.js';
import { withSuggestion } from './suggestion.js';
import { say, type Context } from './context.js';
import { exitCodeMeanings } from './exit-code-meanings.js';

/** Gets the exit code of the command that ran. */
export type Finish = (code: ExitCode) => void;

/** The only place that knows the parser: it makes one of the commands' data. */
export function buildProgram(
  commands: readonly Command[],
  context: Context,
  version: string,
  finish: Finish,
): Parser {
  const program = new Parser('vsockctl')
    .description('Shows and kills the flows of vSocket hosts, over SSH.')
    .version(version, '-V, --version')
    .option('--debug', 'show where an error comes from')
    .exitOverride()
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .configureOutput(outputOf(context));
  for (const command of commands) program.addCommand(register(command, context, finish), { hidden: false });
  program.addCommand(helpCommand(program, context));
  return program;
}

/** Errors are told where all errors are. */
function outputOf({ stdout, environment }: Context): OutputConfiguration {
  return {
    writeErr: () => undefined,
    writeOut: (text) => void stdout.write(inLocale(text, environment)),
    getOutHelpWidth: () => Math.min(stdout.columns || 100, 110),
  };
}

function register(command: Command, context: Context, finish: Finish): Parser {
  const parser = new Parser(command.name)
    .option('--debug', 'show where an error comes from')
    .summary(command.summary)
    .description(command.description.join('\n\n'))
    .exitOverride((error) => {
      throw withSuggestion(error, command.options);
    })
    .showSuggestionAfterError(false)
    .allowExcessArguments(false)
    .configureOutput(outputOf(context));
  for (const argument of command.arguments) parser.addArgument(asArgument(argument));
  for (const option of command.options) parser.addOption(asOption(option));
  parser.addHelpText('after', afterHelp(command));
  parser.action(async () => {
    const words: Record<string, unknown> = {};
    const values = parser.opts<Record<string, unknown>>();
    for (const { long } of command.options) {
      // Commander takes `--no-x` for the negation of `--x`; here it is a flag like any other.
      const name = camelCase(long);
      const value = long.startsWith('no-')
        ? values[camelCase(long.slice(3))] === false || undefined
        : values[name];
      if (value !== undefined) words[name] = value;
    }
    finish(await command.run({ ...words, arguments: parser.args }, context));
  });
  return parser;
}

function asArgument(spec: ArgumentSpec): Argument {
  const name = spec.arity === 'many' ? `[${spec.name}...]` : `<${spec.name}>`;
  const argument = new Argument(name, spec.summary);
  return spec.choices === undefined ? argument : argument.choices(spec.choices);
}

function asOption(spec: OptionSpec): Option {
  const short = spec.short === undefined ? '' : `-${spec.short}, `;
  const value = spec.value === undefined ? '' : ` <${spec.value}>`;
  const variable = spec.variable === undefined ? '' : ` ($${spec.variable})`;
  const option = new Option(`${short}--${spec.long}${value}`, spec.summary + variable);
  if (spec.choices !== undefined) option.choices(spec.choices);
  if (spec.repeatable === true)
    option.argParser((word: string, before: string[] | undefined) => [...(before ?? []), word]);
  return option;
}

function afterHelp(command: Command): string {
  const examples = command.examples.map(({ line, meaning }) => `  ${line}\n      ${meaning}`);
  const codes = command.exitCodes.map((code) => `  ${String(code).padStart(3)}  ${exitCodeMeanings[code]}`);
  return ['', 'Examples:', ...examples, '', 'Exit codes:', ...codes].join('\n');
}

/** `vsockctl help [COMMAND]`, and `vsockctl help filters` for the language of --filter. */
function helpCommand(program: Parser, context: Context): Parser {
  return new Parser('help')
    .summary('help on a command, or on filters')
    .description('Shows the help of a command, or explains filters.')
    .argument('[topic]', 'a command, or filters')
    .action(async (topic: string | undefined) => {
      if (topic === 'filters') {
        const { filterHelp, filterKeys } = await import('../filter/grammar.js');
        return say(context.stdout, `${[...filterHelp, ...filterKeys()].join('\n')}\n`, context);
      }
      const command =
        topic === undefined ? program : program.commands.find((candidate) => candidate.name() === topic);
      if (command === undefined) program.error(`error: there is no help on '${topic ?? ''}'`);
      await say(context.stdout, command.helpInformation(), context);
    });
}
