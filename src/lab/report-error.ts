import { CommanderError } from 'commander';
import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';

/** One line for people; the stack only for who asks for it. */
export function reportError(error: unknown): void {
  if (error instanceof CommanderError) {
    // Commander has said it already; help and version are no errors.
    process.exitCode = error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
    return;
  }
  const line = error instanceof VsocketError ? error.line : String(error);
  process.stderr.write(`vsocket-lab: ${line}\n`);
  if (process.argv.includes('--debug') && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = error instanceof VsocketError ? error.exitCode : ExitCode.failed;
}
