import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeSync } from 'node:fs';
import { once } from 'node:events';
import { regionBytes } from '../../src/channel/region-layout.js';
import { HostConfig } from '../../src/config/host-config.js';
import { DataPlaneReport } from '../../src/dataplane/messages.js';
import { createSealedMemfd } from '../../src/native/memfd.js';

const library = new URL('../../libvsocket.so', import.meta.url).pathname;
const dataPlane = new URL('../../src/dataplane/main.js', import.meta.url).pathname;

export interface GuestOptions {
  vms: { name: string; tenant?: string; vni?: number; address: string }[];
  upgradeAfterCalls?: number;
  upgradeAfterBytes?: number;
}

/**
 * Some VMs on one bridge in namespaces of their own, and a data plane that serves them: the smallest host there is.
 * All of it goes with `close()`.
 */
export class Guests {
  readonly config: HostConfig;
  readonly logs: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  private readonly directory = mkdtempSync(join(tmpdir(), 'vsocket-guests-'));
  private readonly prefix = `vsg${process.pid}${Math.floor(Math.random() * 1000)}`;
  private readonly holders: ChildProcess[] = [];
  private plane: ChildProcess | null = null;

  private constructor(options: GuestOptions) {
    chmodSync(this.directory, 0o755); // programs that change their user reach their channel too
    this.ip('netns', 'add', this.prefix);
    const vms = options.vms.map((vm, index) => this.addVm(index, vm));
    this.config = HostConfig.parse({
      host: 'test',
      runtimeDirectory: this.directory,
      auditLog: join(this.directory, 'audit.jsonl'),
      upgradeAfterCalls: options.upgradeAfterCalls ?? 4,
      upgradeAfterBytes: options.upgradeAfterBytes ?? 65536,
      vms,
    });
  }

  static async start(options: GuestOptions): Promise<Guests> {
    const guests = new Guests(options);
    try {
      await guests.startDataPlane();
    } catch (error) {
      await guests.close();
      throw error;
    }
    return guests;
  }

  private ip(...args: string[]): void {
    execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  private addVm(index: number, vm: GuestOptions['vms'][number]): unknown {
    const memory = createSealedMemfd(vm.name, regionBytes);
    const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], {
      stdio: ['ignore', 'ignore', 'inherit', memory],
    });
    closeSync(memory);
    this.holders.push(holder);
    const pid = holder.pid ?? 0;
    waitForNamespace(pid);
    const link = `v${index}`;
    const vni = vm.vni ?? 100;
    const bridge = `br${vni}`;
    const inHost = ['netns', 'exec', this.prefix, 'ip', 'link'];
    try {
      execFileSync('ip', [...inHost, 'add', bridge, 'type', 'bridge'], { stdio: 'ignore' });
      this.ip(...inHost, 'set', bridge, 'up');
    } catch {
      // there already
    }
    this.ip(...inHost, 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
    this.ip(...inHost, 'set', link, 'master', bridge, 'up');
    const inVm = ['--net', '--target', String(pid), 'ip'];
    execFileSync('nsenter', [...inVm, 'addr', 'add', `${vm.address}/24`, 'dev', 'eth0']);
    execFileSync('nsenter', [...inVm, 'link', 'set', 'eth0', 'up']);
    execFileSync('nsenter', [...inVm, 'link', 'set', 'lo', 'up']);
    return {
      name: vm.name,
      tenant: vm.tenant ?? 'red',
      vni,
      addresses: [vm.address],
      mac: '02:00:00:00:00:01',
      interface: link,
      networkNamespace: `/proc/${pid}/ns/net`,
      channel: join(this.directory, `${vm.name}.sock`),
      memory: { path: `/proc/${pid}/fd/3` },
    };
  }

  async startDataPlane(): Promise<void> {
    const plane = fork(dataPlane, [], { serialization: 'advanced', execArgv: [] });
    this.plane = plane;
    const ready = new Promise<void>((resolve, reject) => {
      plane.on('message', (message) => {
        const report = DataPlaneReport.parse(message);
        if (report.type === 'ready') resolve();
        else this.logs.push(report);
      });
      plane.once('exit', (code) =>
        reject(new Error(`data plane ended: ${code} ${JSON.stringify(this.logs)}`)),
      );
    });
    ready.catch(() => undefined);
    plane.send({ type: 'configure', config: this.config });
    await ready;
  }

  /** As `kill -9` does it. */
  async killDataPlane(): Promise<void> {
    const plane = this.plane;
    if (!plane || plane.exitCode !== null || plane.signalCode !== null) return;
    plane.kill('SIGKILL');
    await once(plane, 'exit');
  }

  get dataPlanePid(): number | undefined {
    return this.plane?.exitCode === null && this.plane.signalCode === null ? this.plane.pid : undefined;
  }

  /** A command in a VM’s network namespace, done when it returns. */
  inNamespace(vm: string, command: string[]): void {
    const config = this.config.vms.find((one) => one.name === vm);
    execFileSync('nsenter', [`--net=${config?.networkNamespace}`, ...command]);
  }

  resetFlows(cookies: bigint[]): void {
    this.plane?.send({ type: 'reset', cookies });
  }

  /** A program in a VM, with the library unless `plain`. */
  spawn(
    vm: string,
    command: string[],
    options: { plain?: boolean; stdio?: 'pipe' | 'inherit' } = {},
  ): ChildProcess {
    const config = this.config.vms.find((one) => one.name === vm);
    if (!config) throw new Error(`no VM ${vm}`);
    const environment: NodeJS.ProcessEnv = { ...process.env };
    const preload = options.plain
      ? []
      : ['env', `LD_PRELOAD=${library}`, `VSOCKET_CHANNEL=${config.channel}`];
    return spawn('nsenter', [`--net=${config.networkNamespace}`, ...preload, ...command], {
      env: environment,
      stdio: ['ignore', options.stdio ?? 'pipe', 'inherit'],
    });
  }

  async close(): Promise<void> {
    await this.killDataPlane();
    for (const holder of this.holders) {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    this.ip('netns', 'del', this.prefix);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The holder has its own namespace once unshare(1) has become sleep(1). */
function waitForNamespace(pid: number): void {
  for (let tries = 0; tries < 500; tries++) {
    const name = execFileSync('cat', [`/proc/${pid}/comm`], { encoding: 'utf8' }).trim();
    if (name === 'sleep') return;
    execFileSync('sleep', ['0.01']);
  }
  throw new Error(`the VM’s holder ${pid} did not start`);
}
