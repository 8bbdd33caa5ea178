import { VsocketError } from '../errors/vsocket-error.js';
import { LabPaths } from '../lab/lab-paths.js';
import { readProcessRecords } from '../lab/process-record.js';
import type { ProcessorShare } from './busy/processor-share.js';
import { LabPair } from './lab-pair.js';
import { LabProgram } from './lab-program.js';
import { processorSeconds } from './processor-time.js';
import type { Role, VmsOfOneHost } from './vms.js';

const labName = 'bench';
const vmNames: Record<Role, string> = { asking: 'red1', serving: 'red2' };

/** Two VMs of one host in a laboratory of the benchmark’s own. */
export class LabVms extends LabPair implements VmsOfOneHost {
  readonly runMilliseconds = 1000;
  readonly warmUpMilliseconds = 200;

  private constructor(lab: LabProgram) {
    super(lab, vmNames);
  }

  static open<Result>(signal: AbortSignal, use: (vms: LabVms) => Promise<Result>): Promise<Result> {
    const lab = new LabProgram(labName, signal);
    return lab.open([], () => use(new LabVms(lab)));
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
    const { host } = this.vmOf('serving');
    const record = (await readProcessRecords(new LabPaths(labName))).get(`${host}.vsockd`);
    if (!record) throw new VsocketError('no-vsockd', `the lab has no vsockd on ${host}`);
    return processorSeconds(record.pid);
  }
}
