import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { VsocketError } from '../../errors/vsocket-error.js';
import { LabPaths } from '../../lab/lab-paths.js';
import { readProcessRecords } from '../../lab/process-record.js';
import { hosts, vxlanOf } from '../../lab/topology.js';
import { LabProgram } from '../lab-program.js';
import { LabPair } from '../lab-pair.js';
import { machineSeconds, threadSeconds } from '../processor-time.js';
import type { Transport } from '../transport.js';
import type { Role, Vms } from '../vms.js';
import { modelThread, type ModelNics } from './model-nic.js';

const labName = 'bench-hosts';
const vmNames: Record<Role, string> = { asking: 'red1', serving: 'red3' };
/** The first calls of each connection go over VxLAN, as does its connecting. */
const leastShare = 0.8;
const linkMilliseconds = 20_000;
const pauseMilliseconds = 200;

/** What is read of `ip -json -statistics link`. */
const Direction = z.object({ bytes: z.number() });
const Statistics = z.tuple([z.object({ stats64: z.object({ rx: Direction, tx: Direction }) })]);

/** Two VMs of two hosts of one machine: joined by VxLAN, and their vsockds by modelled NICs. */
export class HostVms extends LabPair implements Vms {
  readonly runMilliseconds = 1000;
  readonly warmUpMilliseconds = 300;

  private constructor(
    lab: LabProgram,
    private readonly nics: ModelNics,
  ) {
    super(lab, vmNames);
  }

  static open<Result>(
    nics: ModelNics,
    signal: AbortSignal,
    use: (vms: HostVms) => Promise<Result>,
  ): Promise<Result> {
    const lab = new LabProgram(labName, signal, undefined, nics.environment);
    return lab.open([], async () => {
      const vms = new HostVms(lab, nics);
      await vms.untilLinked();
      return use(vms);
    });
  }

  /** What went by the NICs and what by VxLAN shows how the bytes were carried. */
  async watch(transport: Transport): Promise<() => Promise<string | null>> {
    if (transport !== 'vsocket') return () => Promise.resolve(null);
    const [nicsBefore, overlayBefore] = [await this.nics.sentBytes(), await this.overlayBytes()];
    return async () => {
      const byNics = (await this.nics.sentBytes()) - nicsBefore;
      const byOverlay = (await this.overlayBytes()) - overlayBefore;
      if (byNics > leastShare * (byNics + byOverlay)) return null;
      return `not on path rdma: ${byNics} bytes by the modelled NICs, ${byOverlay} by VxLAN`;
    };
  }

  /** Processor time of the whole machine so far, in seconds, without what stands for the NICs. */
  async processorSeconds(): Promise<number> {
    const records = await readProcessRecords(new LabPaths(labName));
    let ofNics = 0;
    for (const { name } of hosts) {
      const vsockd = records.get(`${name}.vsockd`);
      if (!vsockd) throw new VsocketError('no-vsockd', `the lab has no vsockd on ${name}`);
      ofNics += await threadSeconds(vsockd.pid, modelThread);
    }
    return (await machineSeconds()) - ofNics;
  }

  private async overlayBytes(): Promise<number> {
    const { vni } = this.vmOf('asking');
    const output = await this.onAskingHost(['ip', '-json', '-statistics', 'link', 'show', vxlanOf(vni)]);
    const [{ stats64 }] = Statistics.parse(JSON.parse(output));
    return stats64.rx.bytes + stats64.tx.bytes;
  }

  private async untilLinked(): Promise<void> {
    const ask = ['curl', '--silent', '--fail', '--unix-socket', '/run/vsocket/read.sock'];
    for (let waited = 0; waited < linkMilliseconds; waited += pauseMilliseconds) {
      const answer = await this.onAskingHost([...ask, 'http://vsockd/v1/links?filter=path=rdma']);
      if ((JSON.parse(answer) as { items: unknown[] }).items.length > 0) return;
      await sleep(pauseMilliseconds);
    }
    throw new VsocketError(
      'no-link',
      'the two vsockds are not linked by the modelled NICs',
      await this.reason(),
    );
  }

  private async reason(): Promise<string> {
    const log = await readFile(new LabPaths(labName).hostFile('hv1', 'vsockd.log'), 'utf8').catch(() => '');
    return `hv1’s log ends with: ${log.trim().split('\n').at(-1)}`;
  }

  private onAskingHost(command: readonly string[]): Promise<string> {
    return this.lab.run(['--host', this.vmOf('asking').host], command);
  }
}
