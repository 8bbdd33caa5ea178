import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { chooseHosts } from '../fleet/host-names.js';
import { Fleet, type HostOutcome } from '../fleet/fleet.js';
import { say, type Context } from './context.js';
import type { FleetInput } from './shared-options.js';

const defaultSocketDirectory = '/run/vsocket';

export function socketDirectoryOf(given: string | undefined, environment: NodeJS.ProcessEnv): string {
  const directory = given ?? environment['VSOCKCTL_SOCKET_DIRECTORY'] ?? defaultSocketDirectory;
  if (directory.startsWith('/')) return directory;
  const message = `VSOCKCTL_SOCKET_DIRECTORY “${directory}” is no absolute path`;
  throw new VsocketError('usage', message, 'is a variable unset?', ExitCode.usage);
}

/** Lends a fleet to `use` and ends its connections afterwards, whatever happened. */
export async function withFleet<Result>(
  input: FleetInput,
  context: Context,
  use: (fleet: Fleet) => Promise<Result>,
): Promise<Result> {
  const { environment, signal } = context;
  const fleet = new Fleet(chooseHosts(input.host, environment), {
    environment,
    signal,
    timeoutMilliseconds: input.timeout * 1000,
    socketDirectory: socketDirectoryOf(input.socketDirectory, environment),
  });
  try {
    return await use(fleet);
  } finally {
    fleet.close();
  }
}

/** One line on stderr for each host that failed. */
export async function reportFailures(
  outcomes: readonly HostOutcome<unknown>[],
  context: Context,
): Promise<void> {
  for (const line of failureLines(outcomes)) await say(context.stderr, `vsockctl: ${line}\n`, context);
}

/** What is wrong with each host that failed. */
export function failureLines(outcomes: readonly HostOutcome<unknown>[]): string[] {
  return outcomes.flatMap((outcome) => (outcome.ok ? [] : [`${outcome.host}: ${outcome.error.line}`]));
}

/** Hosts that all fail for the same reason give its exit code; some that fail among others are `some hosts failed`. */
export function exitCodeOf(outcomes: readonly HostOutcome<unknown>[]): ExitCode {
  const failed = outcomes.filter((outcome) => !outcome.ok);
  if (failed.length === 0) return ExitCode.done;
  if (failed.length < outcomes.length) return ExitCode.someHostsFailed;
  const [code, ...others] = new Set(failed.map(({ error }) => error.exitCode));
  return others.length === 0 ? (code ?? ExitCode.done) : ExitCode.failed;
}
