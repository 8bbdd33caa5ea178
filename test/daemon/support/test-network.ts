import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostConfig } from '../../../src/config/host-config.js';
import { regionBytes } from '../../../src/channel/region-layout.js';
import { createSealedMemfd } from '../../../src/native/memfd.js';

const prefix = 'vd';
let made = 0;

export interface TestVm {
  name: string;
  address: string;
  address6: string;
  namespace: string;
  memfd: number;
}

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/**
 * Two hosts as network namespaces, joined by VxLAN 100, with VMs as namespaces on their bridges: `one` and `two` on
 * the first host, `far` on the second.
 */
export class TestNetwork {
  readonly #id = `${prefix}${process.pid}-${made++}`;
  readonly #namespaces: string[] = [];
  readonly host = `${this.#id}-a`;
  readonly #otherHost = `${this.#id}-b`;
  readonly directory = mkdtempSync(join(tmpdir(), 'vsockd-test-'));
  readonly one: TestVm;
  readonly two: TestVm;
  readonly far: TestVm;

  constructor() {
    try {
      for (const host of [this.host, this.#otherHost]) this.#addHost(host);
      this.#joinHosts();
      this.one = this.#addVm(this.host, 'one', 1);
      this.two = this.#addVm(this.host, 'two', 2);
      this.far = this.#addVm(this.#otherHost, 'far', 3);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  config(): HostConfig {
    return HostConfig.parse({
      host: 'hva',
      runtimeDirectory: join(this.directory, 'run'),
      auditLog: join(this.directory, 'log', 'audit.jsonl'),
      rulesDirectory: join(this.directory, 'rules'),
      bridges: [{ vni: 100, bridge: 'br0', vxlan: 'vx0' }],
      vms: [this.one, this.two].map((vm, index) => ({
        name: vm.name,
        tenant: 'red',
        vni: 100,
        addresses: [vm.address, vm.address6],
        mac: macOf(index + 1),
        interface: `h-${vm.name}`,
        networkNamespace: `/run/netns/${vm.namespace}`,
        channel: join(this.directory, `${vm.name}.channel`),
        memory: { path: `/proc/${process.pid}/fd/${vm.memfd}` },
      })),
    });
  }

  remove(): void {
    for (const namespace of this.#namespaces) ip('netns', 'del', namespace);
    for (const vm of [this.one, this.two, this.far]) if (vm) closeSync(vm.memfd);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #addNamespace(name: string): void {
    ip('netns', 'add', name);
    this.#namespaces.push(name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }

  #addHost(host: string): void {
    this.#addNamespace(host);
    ip('-n', host, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', host, 'link', 'set', 'br0', 'up');
  }

  #joinHosts(): void {
    ip(
      '-n',
      this.host,
      'link',
      'add',
      'under',
      'type',
      'veth',
      'peer',
      'name',
      'under',
      'netns',
      this.#otherHost,
    );
    const addresses = ['192.168.9.1', '192.168.9.2'] as const;
    for (const [index, host] of [this.host, this.#otherHost].entries()) {
      ip('-n', host, 'addr', 'add', `${addresses[index]}/24`, 'dev', 'under');
      ip('-n', host, 'link', 'set', 'under', 'up');
      const vxlan = ['link', 'add', 'vx0', 'type', 'vxlan', 'id', '100', 'dstport', '4789'];
      ip('-n', host, ...vxlan, 'local', addresses[index]!, 'remote', addresses[1 - index]!, 'dev', 'under');
      ip('-n', host, 'link', 'set', 'vx0', 'master', 'br0', 'up');
    }
  }

  #addVm(host: string, name: string, number: number): TestVm {
    const namespace = `${this.#id}-${name}`;
    this.#addNamespace(namespace);
    ip('-n', host, 'link', 'add', `h-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    ip('-n', host, 'link', 'set', `h-${name}`, 'master', 'br0', 'up');
    ip('-n', namespace, 'link', 'set', 'eth0', 'address', macOf(number), 'mtu', '1450', 'up');
    const address = `10.0.0.${number}`;
    const address6 = `fd00::${number}`;
    ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', namespace, 'addr', 'add', `${address6}/64`, 'dev', 'eth0', 'nodad');
    return { name, address, address6, namespace, memfd: createSealedMemfd(name, regionBytes) };
  }
}

function macOf(number: number): string {
  return `02:00:00:00:01:0${number}`;
}
