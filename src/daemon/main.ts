import { parseArgs } from 'node:util';
import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';
import { createLog } from './log.js';
import { readConfig } from './read-config.js';
import { version } from './version.js';
import { startVsockd } from './vsockd.js';

/** The options of vsockd, as data: the parser and the help come from it. */
const options = {
  config: {
    type: 'string',
    argument: 'FILE',
    text: 'configuration file (JSON), default /etc/vsocket/vsockd.json',
  },
  'check-config': { type: 'boolean', text: 'check the configuration and end' },
  version: { type: 'boolean', text: 'print the version and end' },
  help: { type: 'boolean', text: 'print this help and end' },
  debug: { type: 'boolean', text: 'print stack traces of errors' },
} as const satisfies Record<string, { type: 'string' | 'boolean'; argument?: string; text: string }>;

const defaultConfigFile = '/etc/vsocket/vsockd.json';

function help(): string {
  const lines = Object.entries(options).map(([name, option]) => {
    const shown = `--${name}${'argument' in option ? ` ${option.argument}` : ''}`;
    return `  ${shown.padEnd(18)}${option.text}`;
  });
  return ['vsockd: the host backend of vSocket', '', 'usage: vsockd [--config FILE]', '', ...lines, ''].join(
    '\n',
  );
}

type Given = Partial<Record<Exclude<keyof typeof options, 'config'>, boolean>> & { config?: string };

function parse(): Given {
  try {
    return parseArgs({ options: options, strict: true }).values;
  } catch (error) {
    throw new VsocketError(
      'usage',
      `vsockd: ${(error as Error).message}`,
      'see vsockd --help',
      ExitCode.usage,
    );
  }
}

async function run(given: Given): Promise<void> {
  if (given.help) return void process.stdout.write(help());
  if (given.version) return void process.stdout.write(`${version}\n`);
  const config = readConfig(given.config ?? defaultConfigFile);
  if (given['check-config']) return;
  const log = createLog();
  const vsockd = await startVsockd(config, log);
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      log.info({ signal }, 'vsockd ends');
      void vsockd.stop().then(() => process.exit(ExitCode.done));
    });
}

try {
  await run(parse());
} catch (error) {
  const known = error instanceof VsocketError;
  const line = known ? error.line : `vsockd: ${(error as Error).message}`;
  process.stderr.write(`${process.argv.includes('--debug') ? (error as Error).stack : line}\n`);
  process.exit(known ? error.exitCode : ExitCode.failed);
}
