import { parseArgs } from 'node:util';
import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';
import { compilePrograms } from './compile-programs.js';
import { LabVms } from './lab-vms.js';
import { measureAll, type Report } from './measure.js';
import { renderTable } from './render-report.js';
import { connections } from './workloads/connections.js';
import { idle } from './workloads/idle.js';
import { redisWorkloads } from './workloads/redis.js';
import { roundTrip } from './workloads/round-trip.js';
import { largeWrites, smallWrites } from './workloads/stream.js';

const workloads = [roundTrip, largeWrites, smallWrites, ...redisWorkloads, connections, idle];

const repetitions = 5;

const options = {
  json: { type: 'boolean', summary: 'print JSON instead of a table' },
  quick: { type: 'boolean', summary: `one run of everything instead of ${repetitions}` },
  debug: { type: 'boolean', summary: 'print the stack of an error' },
  help: { type: 'boolean', summary: 'print this' },
} as const;

const help = [
  'Usage: npm run bench -- [OPTION...]',
  '',
  'Measures vSocket beside plain TCP, in two VMs of a lab of its own. Speed does not change the exit code.',
  '',
  ...Object.entries(options).map(([name, { summary }]) => `  --${name.padEnd(8)}${summary}`),
  '',
].join('\n');

function parse(words: string[]): Partial<Record<keyof typeof options, boolean>> {
  try {
    return parseArgs({ args: words, options, strict: true }).values;
  } catch (error) {
    const [line] = error instanceof Error ? error.message.split('. ') : [String(error)];
    throw new VsocketError('usage', line ?? '', 'see --help', ExitCode.usage);
  }
}

async function bench(quick: boolean): Promise<Report> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => interrupted.abort());
  await compilePrograms();
  try {
    return await LabVms.open(interrupted.signal, (vms) =>
      measureAll(workloads, vms, quick ? 1 : repetitions, (text) => {
        if (interrupted.signal.aborted) throw new Error('interrupted');
        process.stderr.write(`${text}\n`);
      }),
    );
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    throw new VsocketError('interrupted', 'interrupted', '', ExitCode.interrupted, { cause: error });
  }
}

try {
  const { help: wantsHelp = false, quick = false, json = false } = parse(process.argv.slice(2));
  if (wantsHelp) process.stdout.write(help);
  else {
    const report = await bench(quick);
    process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : renderTable(report));
  }
} catch (error) {
  const wantsStack = process.argv.includes('--debug') || !(error instanceof VsocketError);
  const text = error instanceof VsocketError ? `bench: ${error.line}` : '';
  process.stderr.write(
    `${wantsStack && error instanceof Error ? `${text}\n${error.stack ?? ''}`.trim() : text}\n`,
  );
  process.exitCode = error instanceof VsocketError ? error.exitCode : ExitCode.failed;
}
