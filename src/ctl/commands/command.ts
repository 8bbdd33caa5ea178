import type { z } from 'zod';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import type { Context } from './context.js';

/** How shells find what may stand in a place. */
export interface Completion {
  /** The only words that are right. */
  choices?: readonly string[];
  /** Some that are; those with = at the end are beginnings. */
  suggestions?: readonly string[];
  /** Names that hosts are asked for. */
  completes?: 'hosts' | 'vms' | 'flows';
}

/** One option, as the parser, the help, the man pages and the completion need it. */
export interface OptionSpec extends Completion {
  /** Without dashes: `dry-run`. */
  long: string;
  short?: string;
  /** Placeholder of its value; a flag has none. */
  value?: string;
  summary: string;
  repeatable?: boolean;
  /** Environment variable that gives it where the option is absent. */
  variable?: string;
}

export interface ArgumentSpec extends Completion {
  name: string;
  summary: string;
  /** `many` takes the rest, also none. */
  arity: 'one' | 'many';
}

export interface Example {
  line: string;
  meaning: string;
}

/** A command is data; its handler gets what `input` made of the words on the command line. */
export interface Command {
  name: string;
  summary: string;
  /** Paragraphs. */
  description: readonly string[];
  arguments: readonly ArgumentSpec[];
  options: readonly OptionSpec[];
  examples: readonly Example[];
  exitCodes: readonly ExitCode[];
  run: (words: RawInput, context: Context) => Promise<ExitCode>;
}

/** Option values by camel-case name (text, lists of text, or true), and `arguments`. */
export type RawInput = Record<string, unknown> & { arguments: string[] };

interface Definition<Schema extends z.ZodType> extends Omit<Command, 'run'> {
  input: Schema;
  handle: (input: z.infer<Schema>, context: Context) => Promise<ExitCode>;
}

/** Ties a command's data to its handler: what the handler sees has been checked. */
export function defineCommand<Schema extends z.ZodType>(definition: Definition<Schema>): Command {
  const { input, handle, ...command } = definition;
  return { ...command, run: (words, context) => handle(checkInput(command.name, input, words), context) };
}

/** An unset variable of a script (`--host "$HOST"`) must not mean everything. */
function refuseEmpty(words: RawInput): void {
  for (const [name, value] of Object.entries(words)) {
    const empty = (Array.isArray(value) ? value : [value]).some(
      (word) => word === '' || /^\s+$/.test(String(word)),
    );
    if (!empty) continue;
    const what = name === 'arguments' ? 'an argument' : `--${kebabCase(name)}`;
    throw new VsocketError('usage', `${what} is empty`, 'is a variable unset?', ExitCode.usage);
  }
}

function checkInput<Schema extends z.ZodType>(
  command: string,
  schema: Schema,
  words: RawInput,
): z.infer<Schema> {
  refuseEmpty(words);
  const parsed = schema.safeParse(words);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const [name] = issue?.path ?? [];
  const isOption = typeof name === 'string' && name !== 'arguments';
  const given = isOption && typeof words[name] === 'string' ? ` ${words[name].slice(0, 40)}` : '';
  const place = isOption ? `--${kebabCase(name)}${given}: ` : '';
  const message = `${place}${issue?.message ?? 'wrong input'}`;
  throw new VsocketError('usage', message, `see vsockctl ${command} --help`, ExitCode.usage);
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
