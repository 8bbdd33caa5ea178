import { setMaxListeners } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { VsocketError } from '../../errors/vsocket-error.js';
import { LabPaths } from '../../lab/lab-paths.js';
import { moreVmsVariable, vmsWith, type LabVm } from '../../lab/topology.js';
import { staysInRingsVariable } from '../../lab/vsockd-service.js';
import { LabPair } from '../lab-pair.js';
import { LabProgram } from '../lab-program.js';
import type { Vms } from '../vms.js';
import type { RuleSet } from './rule-sets.js';

const labName = 'bench-rules';
const hostName = 'hv1';
const tenantName = 'red';

const VmList = z.object({
  items: z.array(z.object({ tenant: z.string(), flows: z.number(), fastFlows: z.number() })),
});
export type FlowCounts = Record<'flows' | 'fastFlows', number>;

export interface Applied {
  /** By CLOCK_MONOTONIC, in nanoseconds. */
  askedAt: bigint;
  milliseconds: number;
  endedFlows: number;
}
const Changed = z.object({ flows: z.array(z.unknown()) });

/** A laboratory with some VMs of one tenant on one host, whose vsockd is asked directly. */
export class RulesLab extends LabPair implements Vms {
  readonly runMilliseconds = 1000;
  readonly warmUpMilliseconds = 200;
  readonly #runtimeDirectory = new LabPaths(labName).hostRuntime(hostName);

  private constructor(
    lab: LabProgram,
    /** All of the host’s VMs of the tenant. */
    readonly vms: readonly LabVm[],
  ) {
    super(lab, { asking: vms[0]!.name, serving: vms[1]!.name });
  }

  /** @param pairs of VMs */
  static open<Result>(
    pairs: number,
    signal: AbortSignal,
    use: (lab: RulesLab) => Promise<Result>,
  ): Promise<Result> {
    // Each program that runs listens to it.
    setMaxListeners(0, signal);
    // The lab has one pair anyway.
    const more = 2 * (pairs - 1);
    // Half of what is revoked is to be on shared memory, also where 40,000 ends keep the machine busy.
    const environment = { [moreVmsVariable]: String(more), [staysInRingsVariable]: 'yes' };
    const lab = new LabProgram(labName, signal, undefined, environment);
    const vms = vmsWith(more).filter(({ host, tenant }) => host === hostName && tenant === tenantName);
    return lab.open([], () => use(new RulesLab(lab, vms)));
  }

  watch(): Promise<() => Promise<null>> {
    return Promise.resolve(() => Promise.resolve(null));
  }

  /** Runs a program in a VM to its end. @returns its stdout */
  runIn(vm: string, plain: boolean, command: readonly string[], limitMilliseconds: number): Promise<string> {
    return this.lab.run([...(plain ? ['--plain'] : []), vm], command, limitMilliseconds);
  }

  /** Takes rules into force. */
  async apply(ruleSet: RuleSet): Promise<Applied> {
    const body = JSON.stringify({ ruleSet });
    const askedAt = process.hrtime.bigint();
    const answer = await this.#ask('admin.sock', '/v1/rules/apply', body);
    const milliseconds = Number(process.hrtime.bigint() - askedAt) / 1e6;
    return { askedAt, milliseconds, endedFlows: Changed.parse(JSON.parse(answer)).flows.length };
  }

  /** Of all VMs of the tenant. */
  async counts(): Promise<FlowCounts> {
    const { items } = VmList.parse(JSON.parse(await this.#ask('read.sock', '/v1/vms')));
    const sum = (of: (vm: (typeof items)[number]) => number): number =>
      items.filter(({ tenant }) => tenant === tenantName).reduce((total, vm) => total + of(vm), 0);
    return { flows: sum(({ flows }) => flows), fastFlows: sum(({ fastFlows }) => fastFlows) };
  }

  /** @returns the body of the answer */
  #ask(socket: string, path: string, body?: string): Promise<string> {
    const socketPath = join(this.#runtimeDirectory, socket);
    const options =
      body === undefined
        ? { socketPath, path }
        : { socketPath, path, method: 'POST', headers: { 'content-type': 'application/json' } };
    return new Promise((resolve, reject) => {
      const asked = request(options, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (data: Buffer) => parts.push(data));
        answer.once('error', reject);
        answer.once('end', () => {
          const text = Buffer.concat(parts).toString();
          if (answer.statusCode === 200) return resolve(text);
          reject(new VsocketError('bad-answer', `vsockd answers ${path} with ${answer.statusCode}: ${text}`));
        });
      });
      asked.once('error', reject);
      asked.end(body);
    });
  }
}
