import { VsocketError } from '../errors/vsocket-error.js';
import { LabPaths } from '../lab/lab-paths.js';
import { readProcessRecords } from '../lab/process-record.js';
import { vms as labVms } from '../lab/topology.js';
import type { ProcessorShare } from './busy/processor-share.js';
import { LabProgram } from './lab-program.js';
import { processorSeconds } from './processor-time.js';
import type { Transport } from './transport.js';
import type { Role, Started, VmsOfOneHost } from './vms.js';

const labName = 'bench';
const vmOf: Record<Role, string> = { asking: 'red1', serving: 'red2' };
/** Below the ports that Linux gives to clients (ip_local_port_range). */
export const firstPort = 20_000;

/** Two VMs of one host in a laboratory of the benchmark’s own. */
export class LabVms implements VmsOfOneHost {
  readonly runMilliseconds = 1000;
  readonly warmUpMilliseconds = 200;
  private readonly server = labVms.find(({ name }) => name === vmOf.serving)!;
  private nextPort = firstPort;

  private constructor(private readonly lab: LabProgram) {}

  static open<Result>(signal: AbortSignal, use: (vms: LabVms) => Promise<Result>): Promise<Result> {
    const lab = new LabProgram(labName, signal);
    return lab.open([], () => use(new LabVms(lab)));
  }

  serverAddress(): string {
    return this.server.address;
  }

  freshPort(): string {
    return String(this.nextPort++);
  }

  ask(command: readonly string[], transport: Transport): Promise<string> {
    return this.lab.run(placeOf('asking', transport), command);
  }

  start(role: Role, command: readonly string[], ready: RegExp, transport: Transport): Promise<Started> {
    return this.lab.start(placeOf(role, transport), command, ready);
  }

  /** While `use` lasts, the programs in both VMs have no more than a share of the processors. */
  async startingIn<Result>(share: ProcessorShare, use: () => Promise<Result>): Promise<Result> {
    this.lab.share = share;
    try {
      return await use();
    } finally {
      this.lab.share = null;
    }
  }

  watch(): Promise<() => Promise<null>> {
    return Promise.resolve(() => Promise.resolve(null));
  }

  async vsockdSeconds(): Promise<number> {
    const { host } = this.server;
    const record = (await readProcessRecords(new LabPaths(labName))).get(`${host}.vsockd`);
    if (!record) throw new VsocketError('no-vsockd', `the lab has no vsockd on ${host}`);
    return processorSeconds(record.pid);
  }
}

const placeOf = (role: Role, transport: Transport): string[] => [
  ...(transport === 'plain' ? ['--plain'] : []),
  vmOf[role],
];
