import { setTimeout as sleep } from 'node:timers/promises';
import { LabPaths } from '../../lab/lab-paths.js';
import { readProcessRecords } from '../../lab/process-record.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { runBench } from '../bench-program.js';
import { compilePrograms, pathOf } from '../compile-programs.js';
import { LabProgram } from '../lab-program.js';
import { processorSeconds } from '../processor-time.js';
import { numeric, tableOf } from '../table.js';
import { SimulatedFleet } from './fleet.js';
import { median, runProgram, vsockctl } from './run-program.js';
import { measureTop } from './terminal-top.js';

/** One line of the result. */
interface Figure {
  what: string;
  value: number;
  unit: string;
  /** What it is measured beside, in the same unit. */
  yardstick?: { name: string; value: number };
  target: string;
}

const labName = 'bench-cli';
const idleSeconds = 60;

/** @param quick smaller fleets and tables: the machine may have little time */
async function measure(
  quick: boolean,
  signal: AbortSignal,
  progress: (text: string) => void,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  const add = (figure: Figure): void => {
    figures.push(figure);
    const beside = figure.yardstick === undefined ? '' : ` (${yardstickText(figure.yardstick)})`;
    progress(`${figure.what}: ${numeric(figure.value)} ${figure.unit}${beside}`);
  };
  await startUp(signal, add);
  await compilePrograms();
  const lab = new LabProgram(labName, signal);
  await lab.open([], async () => {
    // First, since what follows leaves vsockd with work: connections that have ended.
    await idle(lab, 20_000, signal, add);
    await manyFlows(lab, quick ? 20_000 : 100_000, signal, add);
  });
  await SimulatedFleet.open(quick ? 100 : 500, 500, (fleet) => wholeFleet(fleet, signal, add));
  return figures;
}

type Add = (figure: Figure) => void;

async function startUp(signal: AbortSignal, add: Add): Promise<void> {
  const seconds = (command: string[]): Promise<number> =>
    median(11, async () => (await runProgram(command, { signal })).seconds);
  const node = await seconds([process.execPath, '-e', '0']);
  const value = await seconds([vsockctl, '--version']);
  const target = 'at most 1.5 times';
  add({
    what: 'vsockctl --version',
    value,
    unit: 's',
    yardstick: { name: 'node -e 0', value: node },
    target,
  });
}

async function manyFlows(lab: LabProgram, sockets: number, signal: AbortSignal, add: Add): Promise<void> {
  const holder = await lab.start(['--plain', 'red1'], [pathOf('many-connections'), String(sockets)], /ready/);
  try {
    const clock = 'date +%s%N; ss -tan >/dev/null; date +%s%N';
    const ss = await median(3, async () => {
      const [begin, end] = (await lab.run(['--plain', 'red1'], ['sh', '-c', clock])).split('\n').map(Number);
      return (end! - begin!) / 1e9;
    });
    const environment = {
      ...process.env,
      VSOCKCTL_SSH_CONFIG: new LabPaths(labName).sshConfig,
      VSOCKCTL_HOSTS: 'hv1',
    };
    let megabytes = 0;
    const list = (...words: string[]): Promise<number> =>
      median(3, async () => {
        const run = await runProgram([vsockctl, 'flows', '--timeout', '60', ...words], {
          environment,
          signal,
        });
        megabytes = run.megabytes;
        return run.seconds;
      });
    const yardstick = { name: 'ss -tan', value: ss };
    const limited = await list('--limit', '10');
    const all = await list('-o', 'json');
    const what = `flows -o json, ${String(sockets)} flows`;
    add({ what, value: all, unit: 's', yardstick, target: 'at most 10 times' });
    add({ what: `${what}: memory of vsockctl`, value: megabytes, unit: 'MB', target: 'flat' });
    add({ what: 'flows --limit 10, as many', value: limited, unit: 's', yardstick, target: 'little' });
  } finally {
    await holder.stop();
  }
}

async function idle(lab: LabProgram, sockets: number, signal: AbortSignal, add: Add): Promise<void> {
  const holder = await lab.start(['--plain', 'red1'], [pathOf('many-connections'), String(sockets)], /ready/);
  try {
    const record = (await readProcessRecords(new LabPaths(labName))).get('hv1.vsockd');
    if (record === undefined) throw new VsocketError('no-vsockd', 'the lab has no vsockd on hv1');
    // The first looks are those that meet the connections.
    await sleep(30_000, undefined, { signal });
    const before = await processorSeconds(record.pid);
    await sleep(idleSeconds * 1000, undefined, { signal });
    const value = (100 * ((await processorSeconds(record.pid)) - before)) / idleSeconds;
    const what = `vsockd, ${String(sockets)} connections, nobody watching`;
    add({ what, value, unit: '% of a core', target: 'under 2' });
  } finally {
    await holder.stop();
  }
}

async function wholeFleet(fleet: SimulatedFleet, signal: AbortSignal, add: Add): Promise<void> {
  const size = `${String(fleet.names.length)} hosts`;
  const { environment } = fleet;
  const ssh = ['xargs', '-P', '32', '-I', 'HOST', 'ssh', '-F', fleet.sshConfig, 'HOST', 'echo'];
  const input = `${fleet.names.join('\n')}\n`;
  const { seconds, firstOutputSeconds } = await runProgram(ssh, { input, listens: true, signal });
  const name = 'xargs -P 32 ssh HOST echo';
  const yardstick = { name, value: seconds };
  const hosts = await runProgram([vsockctl, 'hosts'], { environment, signal });
  add({
    what: `vsockctl hosts, ${size}`,
    value: hosts.seconds,
    unit: 's',
    yardstick,
    target: 'at most twice',
  });
  const top = await measureTop(fleet.names.length, environment, signal);
  const of = `top, ${size} of 500 flows`;
  add({
    what: `${of}: first rows`,
    value: top.firstRowsSeconds,
    unit: 's',
    yardstick: { name: `${name}, first answer`, value: firstOutputSeconds! },
    target: 'at most 2 s more',
  });
  add({
    what: `${of}: all hosts`,
    value: top.allHostsSeconds,
    unit: 's',
    yardstick,
    target: 'at most twice',
  });
  add({ what: `${of}: steady`, value: 100 * top.steadyShare, unit: '% of a core', target: 'under 50' });
  add({ what: `${of}: memory`, value: top.megabytes, unit: 'MB', target: 'under 400' });
  add({ what: `${of}: slowest key`, value: 1000 * top.keySeconds, unit: 'ms', target: 'under 100' });
}

function yardstickText({ name, value }: NonNullable<Figure['yardstick']>): string {
  return `${name}: ${numeric(value)}`;
}

function render(figures: readonly Figure[]): string {
  const ratio = ({ value, yardstick }: Figure): string =>
    yardstick === undefined ? '' : `${numeric(value / yardstick.value)}x`;
  const table = tableOf<Figure>(
    [
      { title: 'WHAT', align: 'left', text: ({ what }) => what },
      { title: 'FIGURE', align: 'right', text: ({ value, unit }) => `${numeric(value)} ${unit}` },
      {
        title: 'YARDSTICK',
        align: 'right',
        text: ({ yardstick }) => (yardstick === undefined ? '' : yardstickText(yardstick)),
      },
      { title: 'RATIO', align: 'right', text: ratio },
      { title: 'TARGET', align: 'left', text: ({ target }) => target },
    ],
    figures,
  );
  return `${table}\nFlows on one host: a real sshd and vsockd. The fleet: one real sshd under many names; its vsockds are simulated.\n`;
}

await runBench({
  name: 'bench:cli',
  summary: 'Measures vsockctl, and vsockd’s side of it, beside the tools that one would use otherwise.',
  repetitions: 3,
  render,
  measure: (repetitions, signal, progress) => measure(repetitions === 1, signal, progress),
});
