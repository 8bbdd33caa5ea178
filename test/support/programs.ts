import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLedgerReader } from '../../src/ledger/ledger-reader.js';
import type { LedgerReader } from '../../src/ledger/ledger-flow.js';
import { Guests } from './guests.js';

export interface Outcome {
  code: number | null;
  output: string;
}

/** Real programs in two VMs, `a` (10.0.0.1) and `b` (10.0.0.2), and what the ledger says of them. */
export class Programs {
  readonly ledger: LedgerReader;
  private readonly running = new Set<ChildProcess>();

  private constructor(private readonly guests: Guests) {
    this.ledger = openLedgerReader(guests.config);
  }

  static async start(): Promise<Programs> {
    const vms = [
      { name: 'a', address: '10.0.0.1' },
      { name: 'b', address: '10.0.0.2' },
    ];
    return new Programs(await Guests.start({ vms }));
  }

  /** A server in `b`, once it listens. */
  async serve(port: number, command: string[], plain: boolean): Promise<ChildProcess> {
    const server = this.spawn('b', command, plain);
    server.stdout?.resume();
    while ((await this.run('b', ['ss', '-Hltn', `sport = :${port}`], true)).output === '') {
      if (server.exitCode !== null) throw new Error(`${command.join(' ')} ended with ${server.exitCode}`);
      await sleep(20);
    }
    return server;
  }

  async stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.running.has(child)) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  /** Runs a program to its end, at most 60 seconds. */
  async run(vm: string, command: string[], plain: boolean): Promise<Outcome> {
    const child = this.spawn(vm, ['timeout', '60', ...command], plain);
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
    const { output } = await this.run(vm, ['ip', '-j', '-s', 'link', 'show', 'eth0'], true);
    const [link] = JSON.parse(output) as { stats64: { tx: { bytes: number } } }[];
    if (!link) throw new Error(`no eth0 in ${vm}`);
    return link.stats64.tx.bytes;
  }

  async close(): Promise<void> {
    for (const child of this.running) await this.stop(child, 'SIGKILL');
    this.ledger.close();
    await this.guests.close();
  }

  private spawn(vm: string, command: string[], plain: boolean): ChildProcess {
    const child = this.guests.spawn(vm, command, { plain });
    this.running.add(child);
    child.once('exit', () => this.running.delete(child));
    return child;
  }
}
