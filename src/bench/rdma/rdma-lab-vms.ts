import { setTimeout as sleep } from 'node:timers/promises';
import { hosts, rdmaInterface, vms as labVms, type LabHost, type LabVm } from '../../lab/topology.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { pathOf } from '../compile-programs.js';
import { LabProgram } from '../lab-program.js';
import { firstPort } from '../lab-pair.js';
import type { Transport } from '../transport.js';
import type { Role, Started, Vms } from '../vms.js';
import { barePrograms } from './bare-rdma.js';
import { watchRdma, type OnHost } from './carried-by-rdma.js';
import { enableSmc, watchSmc, withSmc } from './smc.js';

const labName = 'bench-rdma';
const lastPort = 29_999;
const vmNames: Record<Role, string> = { asking: 'red1', serving: 'red3' };
/** For the way back of a program’s end from an emulated machine. */
const ownEndMilliseconds = 1500;
/** After the machines’ start, until their vsockds are linked and at rest. */
const settleMilliseconds = 5000;
const smcTrialMilliseconds = 15_000;

/**
 * Two VMs of two hosts, both hosts emulated machines with Soft-RoCE. SMC-R has to run on the hosts themselves, since a
 * VM’s interface has no RDMA device: it gets by without VM and overlay.
 */
export class RdmaLabVms implements Vms {
  readonly runMilliseconds = 4000;
  readonly warmUpMilliseconds = 2000;
  private nextPort = firstPort;

  private constructor(private readonly lab: LabProgram) {}

  static open<Result>(signal: AbortSignal, use: (vms: RdmaLabVms) => Promise<Result>): Promise<Result> {
    const lab = new LabProgram(labName, signal, ownEndMilliseconds);
    return lab.open(['--rdma'], async () => {
      await sleep(settleMilliseconds);
      const vms = new RdmaLabVms(lab);
      await vms.openRdmaNetwork();
      return use(vms);
    });
  }

  serverAddress(transport: Transport): string {
    return transport === 'smc' ? hostOf('serving').rdmaAddress : vmOf('serving').address;
  }

  freshPort(): string {
    return String(this.nextPort++);
  }

  ask(command: readonly string[], transport: Transport): Promise<string> {
    return this.lab.run(placeOf('asking', transport), commandFor(transport, command));
  }

  start(role: Role, command: readonly string[], ready: RegExp, transport: Transport): Promise<Started> {
    return this.lab.start(placeOf(role, transport), commandFor(transport, command), ready);
  }

  async watch(transport: Transport): Promise<() => Promise<string | null>> {
    if (transport === 'smc') return watchSmc(this.onHost('asking'));
    if (transport === 'vsocket') return watchRdma(this.onHost('asking'));
    return () => Promise.resolve(null);
  }

  /**
   * Makes the hosts ready for SMC-R, and tries it. Without `module` (its source says why) the side that serves cannot
   * send its LLC CONFIRM LINK (ENOLINK), both tear the link down, and wait in smc_wr_drain_cq past all signals.
   * @returns why it cannot be measured, or null
   */
  async prepareSmc(module: string): Promise<string | null> {
    for (const role of ['asking', 'serving'] as const) {
      const problem = await problemOf(enableSmc(this.onHost(role), module));
      if (problem !== null) return problem;
    }
    const reason = await this.watch('smc');
    const port = this.freshPort();
    const server = await this.start('serving', [pathOf('round-trip'), 'server', port], /ready/, 'smc');
    const client = [pathOf('round-trip'), 'client', this.serverAddress('smc'), port, '0', '200'];
    const problem = await problemOf(
      this.lab.run(placeOf('asking', 'smc'), withSmc(client), smcTrialMilliseconds),
    );
    await server.stop();
    if (problem === null) return reason();
    return `no connection comes about in ${smcTrialMilliseconds / 1000} s`;
  }

  /** What RDMA alone does here from host to host, without vSocket: figures by key. */
  async bareFigures(): Promise<Record<string, number>> {
    const figures: Record<string, number> = {};
    for (const program of barePrograms) {
      const port = this.freshPort();
      const server = await this.lab.start(
        ['--host', hostOf('serving').name],
        program.command(port),
        program.ready,
      );
      try {
        const output = await this.onHost('asking')(program.command(port, hostOf('serving').rdmaAddress));
        Object.assign(figures, program.read(output));
      } finally {
        await server.stop();
      }
    }
    return figures;
  }

  async kernel(): Promise<string> {
    return (await this.onHost('asking')(['uname', '-r'])).trim();
  }

  /** What needs no VM runs from host to host there; its programs shake hands over TCP. */
  private async openRdmaNetwork(): Promise<void> {
    const rule = ['iifname', rdmaInterface, 'tcp', 'dport', `${firstPort}-${lastPort}`, 'accept'];
    for (const role of ['asking', 'serving'] as const)
      await this.onHost(role)(['nft', 'insert', 'rule', 'inet', 'host', 'input', ...rule]);
  }

  private onHost(role: Role): OnHost {
    return (command) => this.lab.run(['--host', hostOf(role).name], command);
  }
}

/** Of programs on the hosts: their error, or null. */
async function problemOf(programs: Promise<unknown>): Promise<string | null> {
  try {
    await programs;
    return null;
  } catch (error) {
    if (error instanceof VsocketError && error.code === 'program-failed') return error.message;
    throw error;
  }
}

const vmOf = (role: Role): LabVm => labVms.find(({ name }) => name === vmNames[role])!;
const hostOf = (role: Role): LabHost => hosts.find(({ name }) => name === vmOf(role).host)!;

function placeOf(role: Role, transport: Transport): string[] {
  if (transport === 'smc') return ['--host', hostOf(role).name];
  return [...(transport === 'plain' ? ['--plain'] : []), vmOf(role).name];
}

const commandFor = (transport: Transport, command: readonly string[]): readonly string[] =>
  transport === 'smc' ? withSmc(command) : command;
