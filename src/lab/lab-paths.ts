import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';

/** The project’s directory, seen from dist/src/lab. */
export const projectDirectory = fileURLToPath(new URL('../../../', import.meta.url));
export const guestLibrary = join(projectDirectory, 'dist/libvsocket.so');
export const vsockdProgram = join(projectDirectory, 'bin/vsockd');

/** Where a VM’s programs find their channel, and a host’s programs their vsockd: each sees a /run of its own. */
export const runtimeDirectory = '/run/vsocket';
export const channelInVm = `${runtimeDirectory}/channel.sock`;

/** All that a lab puts on disk is below one directory, a tmpfs of its own: unmount it and nothing is left. */
export class LabPaths {
  readonly directory: string;

  constructor(
    readonly name: string,
    readonly root: string = labsDirectory(),
  ) {
    if (!/^[a-z0-9][a-z0-9-]{0,23}$/.test(name)) {
      throw new VsocketError(
        'invalid-lab-name',
        `lab name ${JSON.stringify(name)} is not valid`,
        'use at most 24 lower-case letters, digits and dashes',
        ExitCode.usage,
      );
    }
    this.directory = join(root, name);
  }

  /** Present once everything was built: without it, the lab is a ruin of an `up` that was cut off. */
  get complete(): string {
    return join(this.directory, 'complete');
  }
  /** Of a user without root: the process that holds the lab’s user namespace; outside of what `up` mounts. */
  get keeperRecord(): string {
    return `${this.directory}.keeper`;
  }
  get plan(): string {
    return join(this.directory, 'plan.json');
  }
  /** Certificates of the hosts, and of the authority that they are from. */
  get authority(): string {
    return join(this.directory, 'authority');
  }
  get processes(): string {
    return join(this.directory, 'processes');
  }
  /** One mount of a network namespace for each host and VM, as `ip netns` does: it outlives the processes. */
  get namespaces(): string {
    return join(this.directory, 'namespaces');
  }
  namespace(machine: string): string {
    return join(this.namespaces, machine);
  }
  get ssh(): string {
    return join(this.directory, 'ssh');
  }
  get sshConfig(): string {
    return join(this.ssh, 'config');
  }
  /** Of a host that is an emulated machine: what is outside of it. */
  machine(host: string): string {
    return join(this.directory, 'machines', host);
  }
  machineFile(host: string, file: string): string {
    return join(this.machine(host), file);
  }
  /** The project as the machines see it. */
  get machineProject(): string {
    return join(this.directory, 'machines/project');
  }
  host(host: string): string {
    return join(this.directory, host);
  }
  hostFile(host: string, file: string): string {
    return join(this.host(host), file);
  }
  /** What the host sees as /run. */
  hostRun(host: string): string {
    return this.hostFile(host, 'run');
  }
  /** What the VM sees as /run. */
  vmRun(host: string, vm: string): string {
    return join(this.host(host), 'vms', vm);
  }
  /** The VM’s channel socket as the host sees it. */
  channel(host: string, vm: string): string {
    return join(this.vmRun(host, vm), channelInVm.slice('/run/'.length));
  }
  /** vsockd’s sockets, from outside the host. */
  hostRuntime(host: string): string {
    return join(this.hostRun(host), runtimeDirectory.slice('/run/'.length));
  }
}

export const isBelowRun = (path: string): boolean => path.startsWith('/run/');

/** Where this user’s labs are. */
function labsDirectory(): string {
  const given = process.env['VSOCKET_LAB_ROOT'];
  if (given !== undefined) return given;
  const uid = process.getuid?.();
  if (uid === 0) return '/run/vsocket-lab';
  const own = process.env['XDG_RUNTIME_DIR'];
  return own === undefined ? `/tmp/vsocket-lab-${uid}` : join(own, 'vsocket-lab');
}
