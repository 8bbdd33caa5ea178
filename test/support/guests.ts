import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { regionBytes } from '../../src/channel/region-layout.js';
import { HostConfig, type VmConfig } from '../../src/config/host-config.js';
import { DataPlaneReport, type DataPlaneCommand, type SocketName } from '../../src/dataplane/messages.js';
import { makeLinkCertificates } from '../../src/lab/link-certificates.js';
import { createSealedMemfd } from '../../src/native/memfd.js';
import { SharedMemory } from '../../src/native/shared-memory.js';

/** `npm run test:sanitizers` runs programs with another build of it. */
const library =
  process.env['VSOCKET_TEST_PRELOAD'] ?? new URL('../../libvsocket.so', import.meta.url).pathname;
const restlessness = new URL('restless.js', import.meta.url).href;
const dataPlane = new URL('../../src/dataplane/main.js', import.meta.url).pathname;

export interface GuestOptions {
  vms: { name: string; tenant?: string; vni?: number; address: string; host?: string }[];
  /** Several hosts are linked over a cable of their own; each VM says on which it is. */
  hosts?: string[];
  carryWithoutRdma?: boolean;
  keepaliveMilliseconds?: number;
  upgradeAfterCalls?: number;
  upgradeAfterBytes?: number;
  /** Flows may go back to TCP on a machine that the tests make busy. Else none does: most tests are of rings. */
  tcpWhenBusy?: boolean;
  /** Flows go back to TCP and come again all the time, by `restless.ts`. */
  restless?: boolean;
  /** RLIMIT_NOFILE of the data planes, where it is not that of the tests. */
  openFiles?: number;
}

const firstHost = 'test';
const linkPort = 7471;
let made = 0;
const addressOf = (index: number): string => `192.0.2.${index + 1}`;

/**
 * Some VMs on one bridge in namespaces of their own, and a data plane that serves them: the smallest host there is;
 * or several, each with its data plane in a network namespace of its own. All of it goes with `close()`.
 */
export class Guests {
  readonly configs = new Map<string, HostConfig>();
  readonly logs: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  private readonly directory = mkdtempSync(join(tmpdir(), 'vsocket-guests-'));
  private readonly prefix = `vsg${process.pid}-${made++}`;
  private readonly holders: ChildProcess[] = [];
  private readonly mapped: SharedMemory[] = [];
  private readonly planes = new Map<string, ChildProcess>();

  private constructor(private readonly options: GuestOptions) {
    chmodSync(this.directory, 0o755); // programs that change their user reach their channel too
    this.ip('netns', 'add', this.prefix);
    const hosts = options.hosts ?? [firstHost];
    const vms = options.vms.map((vm, index) => this.addVm(index, vm));
    const links = options.hosts ? this.linkHosts(options.hosts, options) : null;
    for (const host of hosts) {
      const runtimeDirectory = join(this.directory, host);
      mkdirSync(runtimeDirectory);
      const config = HostConfig.parse({
        host,
        runtimeDirectory,
        auditLog: join(runtimeDirectory, 'audit.jsonl'),
        upgradeAfterCalls: options.upgradeAfterCalls ?? 4,
        upgradeAfterBytes: options.upgradeAfterBytes ?? 65536,
        tcpWhenBusy: options.tcpWhenBusy ?? options.restless ?? false,
        link: links?.get(host),
        vms: vms.filter((_, index) => (options.vms[index]?.host ?? host) === host),
      });
      this.configs.set(host, config);
    }
  }

  /** The first host’s. */
  get config(): HostConfig {
    return [...this.configs.values()][0]!;
  }

  private get vms(): VmConfig[] {
    return [...this.configs.values()].flatMap((config) => config.vms);
  }

  private namespaceOf(host: string): string {
    return `${this.prefix}-${host}`;
  }

  /** Namespaces of hosts on one cable, certificates, and the directory of all. */
  private linkHosts(hosts: string[], options: GuestOptions): Map<string, unknown> {
    this.ip('-n', this.prefix, 'link', 'add', 'cable', 'type', 'bridge');
    this.ip('-n', this.prefix, 'link', 'set', 'cable', 'up');
    hosts.forEach((host, index) => {
      const namespace = this.namespaceOf(host);
      this.ip('netns', 'add', namespace);
      const port = `port-${host}`;
      this.ip(
        '-n',
        this.prefix,
        'link',
        'add',
        port,
        'type',
        'veth',
        'peer',
        'name',
        'underlay',
        'netns',
        namespace,
      );
      this.ip('-n', this.prefix, 'link', 'set', port, 'master', 'cable', 'up');
      this.ip('-n', namespace, 'address', 'add', `${addressOf(index)}/24`, 'dev', 'underlay');
      this.ip('-n', namespace, 'link', 'set', 'underlay', 'up');
    });
    const directory = join(this.directory, 'directory.json');
    const places = options.vms.map(({ name, vni = 100, address, host }) => ({
      name,
      vni,
      addresses: [address],
      host,
    }));
    const addresses = hosts.map((name, index) => ({ name, address: addressOf(index), port: linkPort }));
    writeFileSync(directory, JSON.stringify({ hosts: addresses, vms: places }));
    const certificates = makeLinkCertificates(this.directory, hosts);
    return new Map(
      hosts.map((host, index) => [
        host,
        {
          listen: { address: addressOf(index), port: linkPort },
          ...certificates.get(host)!,
          directory,
          keepaliveMilliseconds: options.keepaliveMilliseconds ?? 200,
          carryWithoutRdma: options.carryWithoutRdma ?? false,
        },
      ]),
    );
  }

  /** Takes a host’s cable out, or puts it back. */
  plug(host: string, plugged: boolean): void {
    this.ip('-n', this.prefix, 'link', 'set', `port-${host}`, plugged ? 'up' : 'down');
  }

  static async start(options: GuestOptions): Promise<Guests> {
    const guests = new Guests(options);
    try {
      for (const host of guests.configs.keys()) await guests.startDataPlane(host);
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

  async startDataPlane(host = this.config.host): Promise<void> {
    const config = this.configs.get(host)!;
    const namespace = config.link ? ['nsenter', `--net=/run/netns/${this.namespaceOf(host)}`] : [];
    const { openFiles, restless } = this.options;
    const additions = restless === true ? ['--import', restlessness] : [];
    const limit = openFiles === undefined ? [] : ['prlimit', `--nofile=${openFiles}`];
    const [execPath = process.execPath, ...execArgv] = [
      ...namespace,
      ...limit,
      process.execPath,
      ...additions,
    ];
    const plane = fork(dataPlane, [], { serialization: 'advanced', execPath, execArgv });
    this.planes.set(host, plane);
    const ready = new Promise<void>((resolve, reject) => {
      plane.on('message', (message) => {
        const report = DataPlaneReport.parse(message);
        if (report.type === 'ready') resolve();
        else if (report.type === 'log') this.logs.push(report);
      });
      plane.once('exit', (code) =>
        reject(new Error(`data plane ended: ${code} ${JSON.stringify(this.logs)}`)),
      );
    });
    ready.catch(() => undefined);
    plane.send({ type: 'configure', config, version: 'test' });
    await ready;
  }

  /** As `kill -9` does it. */
  async killDataPlane(host = this.config.host): Promise<void> {
    const plane = this.planes.get(host);
    if (!plane || plane.exitCode !== null || plane.signalCode !== null) return;
    plane.kill('SIGKILL');
    await once(plane, 'exit');
  }

  /** Undefined after its end. */
  dataPlanePid(host = this.config.host): number | undefined {
    const plane = this.planes.get(host);
    return plane?.exitCode === null && plane.signalCode === null ? plane.pid : undefined;
  }

  /** The memory of a VM in words, mapped until `close()`. */
  mapRegion(vm: string): Int32Array {
    const { memory, fd } = SharedMemory.openSealed(this.vmNamed(vm).memory.path, regionBytes);
    closeSync(fd);
    this.mapped.push(memory);
    return new Int32Array(memory.buffer);
  }

  private vmNamed(name: string): VmConfig {
    const config = this.vms.find((vm) => vm.name === name);
    if (!config) throw new Error(`no VM ${name}`);
    return config;
  }

  /** A command in a VM’s network namespace, done when it returns. */
  inNamespace(vm: string, command: string[]): void {
    execFileSync('nsenter', [`--net=${this.vmNamed(vm).networkNamespace}`, ...command]);
  }

  /** What runs in a VM, besides the process that holds its namespace. */
  programsIn(vm: string): { pid: number; command: string }[] {
    const { networkNamespace } = this.vmNamed(vm);
    const namespace = readlinkSync(networkNamespace);
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && networkNamespace !== `/proc/${pid}/ns/net`)
      .flatMap((pid) => {
        try {
          if (readlinkSync(`/proc/${pid}/ns/net`) !== namespace) return [];
          return [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
        } catch {
          return []; // it has ended
        }
      });
  }

  resetFlows(sockets: SocketName[]): void {
    this.tellDataPlanes({ type: 'reset', sockets });
  }

  /** As vsockd does it. */
  tellDataPlanes(command: DataPlaneCommand): void {
    for (const plane of this.planes.values()) plane.send(command);
  }

  /** A program in a VM, with the library unless `plain`. */
  spawn(
    vm: string,
    command: string[],
    options: { plain?: boolean; stdin?: 'pipe'; stdio?: 'pipe' | 'inherit' } = {},
  ): ChildProcess {
    const config = this.vmNamed(vm);
    const environment: NodeJS.ProcessEnv = { ...process.env };
    const preload = options.plain
      ? []
      : ['env', `LD_PRELOAD=${library}`, `VSOCKET_CHANNEL=${config.channel}`];
    return spawn('nsenter', [`--net=${config.networkNamespace}`, ...preload, ...command], {
      env: environment,
      stdio: [options.stdin ?? 'ignore', options.stdio ?? 'pipe', 'inherit'],
    });
  }

  async close(): Promise<void> {
    for (const host of this.configs.keys()) await this.killDataPlane(host);
    for (const memory of this.mapped) memory.close();
    for (const holder of this.holders) {
      // Ctrl-C in a terminal ends all of the group.
      if (holder.exitCode !== null || holder.signalCode !== null) continue;
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    for (const [host, config] of this.configs)
      if (config.link) this.ip('netns', 'del', this.namespaceOf(host));
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
