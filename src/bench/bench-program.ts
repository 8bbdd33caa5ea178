import { parseArgs } from 'node:util';
import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';

export interface Bench<Report> {
  /** As one calls it: npm run NAME. */
  name: string;
  summary: string;
  repetitions: number;
  /** What can be asked for by name, each with what it is. Absent: there is nothing to choose. */
  parts?: Readonly<Record<string, string>>;
  measure(
    repetitions: number,
    signal: AbortSignal,
    progress: (text: string) => void,
    parts: readonly string[],
  ): Promise<Report>;
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

const lineOf = (word: string, summary: string): string => `  ${word.padEnd(16)}${summary}`;

const helpOf = ({ name, summary, repetitions, parts = {} }: Bench<unknown>): string =>
  [
    `Usage: npm run ${name} -- [OPTION...]${Object.keys(parts).length > 0 ? ' [PART...]' : ''}`,
    '',
    `${summary} Speed does not change the exit code.`,
    '',
    ...Object.entries(optionsOf(repetitions)).map(([option, about]) => lineOf(`--${option}`, about.summary)),
    ...Object.entries(parts).map(([part, what]) => lineOf(part, what)),
    '',
  ].join('\n');

interface Words {
  values: Partial<Record<keyof Options, boolean>>;
  positionals: string[];
}

function parse({ repetitions, parts = {} }: Bench<unknown>): Words {
  try {
    const args = process.argv.slice(2);
    const options = optionsOf(repetitions);
    const words = parseArgs({ args, options, strict: true, allowPositionals: true });
    const unknown = words.positionals.find((word) => !Object.hasOwn(parts, word));
    if (unknown !== undefined) throw new Error(`there is no part '${unknown}'`);
    return words;
  } catch (error) {
    const [line] = error instanceof Error ? error.message.split('. ') : [String(error)];
    throw new VsocketError('usage', line ?? '', 'see --help', ExitCode.usage);
  }
}

async function measure<Report>(bench: Bench<Report>, quick: boolean, parts: string[]): Promise<Report> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => interrupted.abort());
  try {
    const progress = (text: string): void => {
      if (interrupted.signal.aborted) throw new Error('interrupted');
      process.stderr.write(`${text}\n`);
    };
    return await bench.measure(quick ? 1 : bench.repetitions, interrupted.signal, progress, parts);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    throw new VsocketError('interrupted', 'interrupted', '', ExitCode.interrupted, { cause: error });
  }
}

async function run<Report>(bench: Bench<Report>): Promise<void> {
  const { values, positionals } = parse(bench);
  const { help: wantsHelp = false, quick = false, json = false } = values;
  if (wantsHelp) {
    process.stdout.write(helpOf(bench));
    return;
  }
  const report = await measure(bench, quick, positionals);
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
