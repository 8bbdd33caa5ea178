import { vms as labVms, type LabVm } from '../lab/topology.js';
import type { LabProgram } from './lab-program.js';
import type { Transport } from './transport.js';
import type { Role, Started } from './vms.js';

/** Below the ports that Linux gives to clients (ip_local_port_range). */
export const firstPort = 20_000;

/** Two VMs of a laboratory of this machine, by their names: how programs run in them. */
export abstract class LabPair {
  private nextPort = firstPort;

  protected constructor(
    protected readonly lab: LabProgram,
    private readonly names: Readonly<Record<Role, string>>,
  ) {}

  serverAddress(): string {
    return this.vmOf('serving').address;
  }

  freshPort(): string {
    return String(this.nextPort++);
  }

  ask(command: readonly string[], transport: Transport): Promise<string> {
    return this.lab.run(this.placeOf('asking', transport), command);
  }

  start(role: Role, command: readonly string[], ready: RegExp, transport: Transport): Promise<Started> {
    return this.lab.start(this.placeOf(role, transport), command, ready);
  }

  protected vmOf(role: Role): LabVm {
    return labVms.find(({ name }) => name === this.names[role])!;
  }

  private placeOf(role: Role, transport: Transport): string[] {
    return [...(transport === 'plain' ? ['--plain'] : []), this.names[role]];
  }
}
