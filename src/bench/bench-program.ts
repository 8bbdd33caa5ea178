import { parseArgs } from 'node:util';
import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';

export interface Bench<Report> {
  /** As one calls it: npm run NAME. */
  name: string;
  summary: string;
  repetitions: number;
  measure(repetitions: number, signal: AbortSignal, progress: (text: string) => void): Promise<Report>;
  /** The report as a table for people. */
  render(report: Report): string;
}

const optionsOf = (repetitions: number) =>
  ({
    json: { type: 'boolean', summary: 'print JSON instead of a table' },
    quick: { type: 'boolean', summary: `one run of everything instead of ${repetitions}` },
    debug: { type: 'boolean', summary: 'print the stack of an error' },
    help: { type: 'boolean', summary: 'print this' },
  }) as const;
type Options = ReturnType<typeof optionsOf>;

const helpOf = ({ name, summary, repetitions }: Bench<unknown>): string =>
  [
    `Usage: npm run ${name} -- [OPTION...]`,
    '',
    `${summary} Speed does not change the exit code.`,
    '',
    ...Object.entries(optionsOf(repetitions)).map(
      ([option, about]) => `  --${option.padEnd(8)}${about.summary}`,
    ),
    '',
  ].join('\n');

function parse(options: Options): Partial<Record<keyof Options, boolean>> {
  try {
    return parseArgs({ args: process.argv.slice(2), options, strict: true }).values;
  } catch (error) {
    const [line] = error instanceof Error ? error.message.split('. ') : [String(error)];
    throw new VsocketError('usage', line ?? '', 'see --help', ExitCode.usage);
  }
}

async function measure<Report>(bench: Bench<Report>, quick: boolean): Promise<Report> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => interrupted.abort());
  try {
    return await bench.measure(quick ? 1 : bench.repetitions, interrupted.signal, (text) => {
      if (interrupted.signal.aborted) throw new Error('interrupted');
      process.stderr.write(`${text}\n`);
    });
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    throw new VsocketError('interrupted', 'interrupted', '', ExitCode.interrupted, { cause: error });
  }
}

async function run<Report>(bench: Bench<Report>): Promise<void> {
  const { help: wantsHelp = false, quick = false, json = false } = parse(optionsOf(bench.repetitions));
  if (wantsHelp) {
    process.stdout.write(helpOf(bench));
    return;
  }
  const report = await measure(bench, quick);
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : bench.render(report));
}

/** Runs a benchmark as a program: options, table or JSON, exit code. */
export async function runBench<Report>(bench: Bench<Report>): Promise<void> {
  try {
    await run(bench);
  } catch (error) {
    const wantsStack = process.argv.includes('--debug') || !(error instanceof VsocketError);
    const text = error instanceof VsocketError ? `bench: ${error.line}` : '';
    process.stderr.write(
      `${wantsStack && error instanceof Error ? `${text}\n${error.stack ?? ''}`.trim() : text}\n`,
    );
    process.exitCode = error instanceof VsocketError ? error.exitCode : ExitCode.failed;
  }
}
