import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLedgerReader } from '../../src/ledger/ledger-reader.js';
import type { LedgerReader } from '../../src/ledger/ledger-flow.js';
import { Guests, type GuestOptions } from './guests.js';

/** Which ends of a connection have the library. */
export const ways = ['none', 'both', 'server', 'client'] as const;
export type Way = (typeof ways)[number];

export interface Outcome {
  code: number | null;
  output: string;
}

const limitSeconds = 60;
const vms = [
  { name: 'a', address: '10.0.0.1' },
  { name: 'b', address: '10.0.0.2' },
];

/** Real programs in two VMs, clients in `a` (10.0.0.1) and servers in `b` (10.0.0.2), and what the ledger says of them. */
export class Programs {
  readonly ledger: LedgerReader;
  private readonly running = new Set<ChildProcess>();

  private constructor(readonly guests: Guests) {
    this.ledger = openLedgerReader(guests.config);
  }

  static async start(options: Omit<GuestOptions, 'vms'> = {}): Promise<Programs> {
    return new Programs(await Guests.start({ vms, ...options }));
  }

  /** A server in `b`, once it listens. */
  async serve(port: number, command: string[], way: Way): Promise<ChildProcess> {
    const server = this.spawn('b', command, way);
    server.stdout?.resume();
    while ((await this.run('b', ['ss', '-Hltn', `sport = :${port}`], 'none')).output === '') {
      if (server.exitCode !== null) throw new Error(`${command.join(' ')} ended with ${server.exitCode}`);
      await sleep(20);
    }
    return server;
  }

  async stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.running.has(child)) return;
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    child.kill(signal);
    await once(child, 'exit');
    clearTimeout(late);
    if (child.signalCode === 'SIGKILL' && signal !== 'SIGKILL')
      throw new Error(`${child.spawnargs.join(' ')} did not end after ${signal}`);
  }

  /** A server and a client of it, from the server’s start to the end of both; what the client said. */
  async exchange(way: Way, port: number, server: string[], client: string[]): Promise<Outcome> {
    const serving = await this.serve(port, server, way);
    const outcome = await this.run('a', client, way);
    await this.stop(serving);
    return outcome;
  }

  /** Runs a program to its end, which comes after 60 seconds at the latest. */
  async run(vm: string, command: string[], way: Way): Promise<Outcome> {
    const child = this.spawn(vm, ['timeout', '-k', '5', String(limitSeconds), ...command], way);
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  }

  /** The most flows in shared memory that the ledger had at one time while `action` ran. */
  async countFlows<Result>(action: Promise<Result>): Promise<{ result: Result; flows: number }> {
    let flows = 0;
    const look = (): void => {
      flows = Math.max(flows, this.ledger.flows().filter((flow) => flow.path === 'shm').length);
    };
    const timer = setInterval(look, 20);
    try {
      return { result: await action, flows };
    } finally {
      clearInterval(timer);
    }
  }

  ringBytes(vm: string): { tx: number; rx: number } {
    const found = this.ledger.vms().find((one) => one.name === vm);
    if (!found) throw new Error(`the ledger has no VM ${vm}`);
    return { tx: found.ringTxBytes, rx: found.ringRxBytes };
  }

  /** What the VM’s network interface sent, headers and all. */
  async wireTxBytes(vm: string): Promise<number> {
    const { output } = await this.run(vm, ['ip', '-j', '-s', 'link', 'show', 'eth0'], 'none');
    const [link] = JSON.parse(output) as { stats64: { tx: { bytes: number } } }[];
    if (!link) throw new Error(`no eth0 in ${vm}`);
    return link.stats64.tx.bytes;
  }

  /**
   * Waits until all programs in the VMs have ended by themselves, and ends those that have not.
   * @returns what those were
   */
  async remains(): Promise<string[]> {
    const left = () => vms.flatMap(({ name }) => this.guests.programsIn(name));
    for (let tries = 0; tries < 100 && left().length > 0; tries++) await sleep(50);
    return left().map(({ pid, command }) => {
      process.kill(pid, 'SIGKILL');
      return command;
    });
  }

  async close(): Promise<void> {
    for (const child of this.running) await this.stop(child, 'SIGKILL');
    this.ledger.close();
    await this.guests.close();
  }

  spawn(vm: string, command: string[], way: Way): ChildProcess {
    const plain = way !== 'both' && way !== (vm === 'b' ? 'server' : 'client');
    const child = this.guests.spawn(vm, command, { plain });
    this.running.add(child);
    child.once('exit', () => this.running.delete(child));
    return child;
  }
}
