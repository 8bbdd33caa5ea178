import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { compiled } from '../support/compiled.js';
import { Guests } from '../support/guests.js';
import { hostileHosts, ownKiB, startAdversaries } from '../support/hostile-vms.js';

const usage = `usage: npm run soak:hostile -- [OPTION]...
Hostile VMs do what they can against vsockd, until Ctrl-C, by turns with VMs that only burn as much processor time. Each
line tells what honest VMs have beside the one and the other.
  --operations N    stop after so many hostile operations
  --seconds N       length of a turn, 5 unless said
  --seed N`;

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: 'Infinity' },
    seconds: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    help: { type: 'boolean', default: false },
  },
});

/** As many threads as the adversaries have that do not wait. */
const burning = {
  evil: ['burn', 'burn', 'burn'],
  accomplice: ['burn', 'burn', 'burn'],
  vandal: ['burn', 'burn'],
};

interface Turn {
  /** Round trips a second, and the longest of all in milliseconds. */
  rate: number;
  worst: number;
  operations: number;
  lines: number;
  /** Of what is to be compared, in seconds. */
  adversaries: number;
  dataPlane: number;
}

/** What an honest pair says each second. */
class Pair {
  private readonly said: { rate: number; worst: number }[] = [];

  constructor(name: string, client: ChildProcess) {
    let text = '';
    client.stdout!.on('data', (chunk: Buffer) => {
      const lines = (text + chunk.toString()).split('\n');
      text = lines.pop()!;
      for (const line of lines) {
        const [rate, worst] = line.split(' ').map(Number);
        if (rate === undefined || worst === undefined || Number.isNaN(rate))
          throw new Error(`${name}: ${line}`);
        this.said.push({ rate, worst: worst / 1000 });
      }
    });
    client.once('exit', (code) => {
      if (code !== null) throw new Error(`${name} ended with ${code}`);
    });
  }

  /** What it said since the last call. */
  take(): { rate: number; worst: number } {
    const said = this.said.splice(0);
    if (said.length === 0) return { rate: 0, worst: Infinity };
    const rates = said.map(({ rate }) => rate).sort((a, b) => a - b);
    return { rate: rates[rates.length >> 1]!, worst: Math.max(...said.map(({ worst }) => worst)) };
  }
}

/** Seconds of processor that a process used. */
function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function turn(guests: Guests, pair: Pair, ways: Parameters<typeof startAdversaries>[2]): Promise<Turn> {
  const adversaries = await startAdversaries(guests, Number(values.seed), ways);
  const plane = guests.dataPlanePid('h1')!;
  await sleep(1000); // they begin
  pair.take();
  const lines = guests.logs.length;
  const planeBefore = processorSeconds(plane);
  const before = adversaries.reduce((sum, one) => sum + processorSeconds(one.pid), 0);
  await sleep(Number(values.seconds) * 1000);
  const used = adversaries.reduce((sum, one) => sum + processorSeconds(one.pid), 0) - before;
  const { rate, worst } = pair.take();
  const operations = adversaries.reduce((sum, one) => sum + one.operations, 0);
  for (const one of adversaries) one.kill();
  return {
    ...{ rate, worst, operations, adversaries: used },
    dataPlane: processorSeconds(plane) - planeBefore,
    lines: guests.logs.length - lines,
  };
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');

async function soak(): Promise<void> {
  let isStopped = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (isStopped = true));
  const guests = await Guests.start({ ...hostileHosts, keepaliveMilliseconds: 1000 });
  const programs: ChildProcess[] = [];
  const program = compiled('hostile/round_trips.c');
  const seconds = Number(values.seconds);
  try {
    const pairs: Pair[] = [];
    for (const [server, client] of [
      ['b', 'a'],
      ['d', 'c'],
    ] as const) {
      const listening = guests.spawn(server, [program, 'server', '5000']);
      programs.push(listening);
      await new Promise((resolve) => listening.stdout!.once('data', resolve));
      const asking = guests.spawn(client, [program, 'client', '10.0.0.2', '5000']);
      programs.push(asking);
      pairs.push(new Pair(`${client} to ${server}`, asking));
    }
    const plane = guests.dataPlanePid('h1')!;
    await sleep(2000);
    const memory = ownKiB(plane);
    let operations = 0;
    const ratios: number[] = [];
    while (!isStopped && operations < Number(values.operations)) {
      const beside = await turn(guests, pairs[0]!, burning);
      const hostile = await turn(guests, pairs[0]!, undefined);
      operations += hostile.operations;
      ratios.push(hostile.rate / beside.rate);
      const down = guests.logs.filter(({ message }) => message === 'link down').length;
      const median = [...ratios].sort((a, b) => a - b)[ratios.length >> 1]!;
      console.log(
        [
          `${whole(operations)} operations`,
          `${whole(hostile.rate)} round trips a second, ${whole(beside.rate)} beside a burner (${ratios.at(-1)!.toFixed(2)}, median ${median.toFixed(2)})`,
          `worst ${hostile.worst.toFixed(1)} ms (${beside.worst.toFixed(1)})`,
          `processor ${hostile.adversaries.toFixed(1)} s (${beside.adversaries.toFixed(1)}), vsockd ${hostile.dataPlane.toFixed(2)} s (${beside.dataPlane.toFixed(2)})`,
          `memory ${((ownKiB(plane) - memory) / 1024).toFixed(1)} MiB more`,
          `log ${(hostile.lines / (seconds + 1)).toFixed(1)} lines a second`,
          down === 0 ? 'links up' : `links went down ${down} times`,
        ].join('; '),
      );
      if (guests.dataPlanePid('h1') !== plane) throw new Error('vsockd ended');
    }
  } finally {
    for (const one of programs) one.kill('SIGKILL');
    await guests.close();
  }
}

if (values.help) console.log(usage);
else await soak();
