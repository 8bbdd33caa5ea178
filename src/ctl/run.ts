import { readFileSync, writeSync } from 'node:fs';
import { CommanderError } from 'commander';
import { ExitCode } from '../errors/exit-code.js';
import { reasonOf } from '../errors/reason-of.js';
import { VsocketError } from '../errors/vsocket-error.js';
import { FilterError } from '../filter/filter-error.js';
import { buildProgram } from './commands/build-program.js';
import { commandsFor } from './commands/commands-for.js';
import type { Context } from './commands/context.js';
import { sanitize } from './text/sanitize.js';
import { inLocale } from './text/terminal-kind.js';

/** A signal that ended the run; the exit code is 128 + its number, as shells have it. */
class Interrupted extends Error {
  constructor(readonly exitCode: number) {
    super('interrupted');
  }
}

const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Runs vsockctl for this process: parses, acts, sets the exit code. Every error ends here in one line. */
export async function run(): Promise<void> {
  const interruption = new AbortController();
  for (const [name, code] of Object.entries(signals)) {
    process.on(name, () => interruption.abort(new Interrupted(code)));
  }
  // A fault of ours ends like an interruption does: what was taken over, such as the terminal, is given back first.
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, (error: unknown) =>
      interruption.abort(error instanceof Error ? error : new Error(String(error))),
    );
  }
  endQuietlyOnBrokenPipe();
  const { stdin, stdout, stderr, env: environment } = process;
  const context: Context = { environment, stdin, stdout, stderr, signal: interruption.signal };
  const debug = process.argv.includes('--debug');
  let exitCode: number = ExitCode.done;
  try {
    const words = process.argv.slice(2);
    const commands = await commandsFor(words);
    const program = buildProgram(commands, context, ownVersion(), (code) => (exitCode = code));
    await program.parseAsync(words.length > 0 ? words : ['--help'], { from: 'user' });
  } catch (error) {
    exitCode = report(interruption.signal.aborted ? interruption.signal.reason : error, debug);
  }
  // What is still open (a connection that is being closed) must not keep a finished command waiting.
  // What could not be written ends it in its own way, by the stream’s error.
  stdout.write('', (error) => {
    if (!error) stderr.write('', () => process.exit(exitCode));
  });
}

/** Whoever reads our output may stop at any time (`| head`); that is no error. What cannot be written is one. */
function endQuietlyOnBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(ExitCode.done);
      writeToStderr(`vsockctl: cannot write the output: ${reasonOf(error)}\n`);
      process.exit(ExitCode.failed);
    });
  }
}

/** At once, since nothing comes after it; stderr may be what cannot be written. */
function writeToStderr(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Then there is nobody to tell.
  }
}

function tell(text: string): void {
  process.stderr.write(inLocale(text, process.env));
}

function report(error: unknown, debug: boolean): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return ExitCode.done;
    const line = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    tell(`vsockctl: ${sanitize(line)}; see vsockctl --help\n`);
    return ExitCode.usage;
  }
  const line =
    error instanceof VsocketError
      ? error.line
      : `unexpected: ${error instanceof Error ? error.message : String(error)}`;
  tell(`vsockctl: ${sanitize(line)}${error instanceof VsocketError ? '' : '; --debug shows more'}\n`);
  if (error instanceof FilterError) tell(`${error.excerpt.split('\n').map(sanitize).join('\n')}\n`);
  if (debug && error instanceof Error) tell(`${error.stack ?? ''}\n`);
  return error instanceof VsocketError ? error.exitCode : ExitCode.failed;
}

function ownVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
