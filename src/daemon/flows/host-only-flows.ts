import type { Flow } from '../../api/flow.js';
import type { VmConfig } from '../../config/host-config.js';
import { connectionName, type LiveEnd } from '../rules/live-end.js';
import type { Connection } from '../observer/connection.js';
import { connectionId } from './connection-id.js';
import type { VmDirectory } from './vm-directory.js';

/** Two looks are so far apart at least; and they take a twentieth of the time at most. */
const pauseMilliseconds = 2000;
const pauseForWork = 20;

/** Ends of connections, found by numbers: a text to find each of 100,000 by would keep the garbage collector at work. */
class EndsByPorts {
  readonly #ends = new Map<number, LiveEnd[]>();

  constructor(ends: readonly LiveEnd[]) {
    for (const end of ends) {
      const alike = this.#ends.get(portsOf(end));
      if (alike === undefined) this.#ends.set(portsOf(end), [end]);
      else alike.push(end);
    }
  }

  remove(vm: string, connection: Endpoints): void {
    const ports = portsOf(connection);
    const alike = this.#ends.get(ports);
    if (alike === undefined) return;
    const others = alike.filter((end) => end.vm !== vm || !haveSameAddresses(end, connection));
    this.#ends.set(ports, others);
  }

  *rest(): Generator<LiveEnd> {
    for (const alike of this.#ends.values()) yield* alike;
  }
}

type Endpoints = Pick<Connection['socket'], 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>;

const portsOf = ({ localPort, remotePort }: Pick<Endpoints, 'localPort' | 'remotePort'>): number =>
  localPort * 2 ** 16 + remotePort;

const haveSameAddresses = (end: LiveEnd, connection: Endpoints): boolean =>
  end.remoteAddress === connection.remoteAddress && end.localAddress === connection.localAddress;

/**
 * Connections that the host lets through and of which the VM’s kernel shows nothing: its sockets are where vsockd does
 * not look, or it cannot be asked. What comes or goes between the two looks is no such one: it takes two looks in turn.
 */
export class HostOnlyFlows {
  /** Those of the last look, and when they were seen first. */
  #since = new Map<string, number>();
  #rows: readonly Flow[] = [];
  #nextLook = 0;

  constructor(
    private readonly host: string,
    private readonly directory: VmDirectory,
    /** What the host lets through, without asking a VM. */
    private readonly open: () => Promise<LiveEnd[]>,
    private readonly ruleOf: (end: LiveEnd) => string | null,
  ) {}

  /** @param observed all that VMs’ kernels show */
  async rows(observed: ReadonlyMap<string, readonly Connection[]>): Promise<readonly Flow[]> {
    const began = performance.now();
    if (began < this.#nextLook) return this.#rows;
    const hidden = new EndsByPorts(await this.open());
    for (const [vm, connections] of observed) for (const { socket } of connections) hidden.remove(vm, socket);
    const before = this.#since;
    this.#since = new Map();
    const now = Date.now();
    const rows: Flow[] = [];
    for (const end of hidden.rest()) {
      const name = connectionName(end);
      const vm = this.directory.named(end.vm);
      if (vm === undefined) continue;
      const since = before.get(name);
      this.#since.set(name, since ?? now);
      if (since !== undefined) rows.push(this.#row(vm, end, since));
    }
    this.#rows = rows;
    const ended = performance.now();
    this.#nextLook = ended + Math.max(pauseMilliseconds, (ended - began) * pauseForWork);
    return rows;
  }

  #row(vm: VmConfig, end: LiveEnd, since: number): Flow {
    const ends = {
      localAddress: end.localAddress ?? '',
      localPort: end.localPort,
      remoteAddress: end.remoteAddress,
      remotePort: end.remotePort,
    };
    const name = connectionId(vm, ends, this.directory);
    const other = this.directory.whereabouts(vm.vni, end.remoteAddress);
    const { host } = this;
    return {
      ...{ id: `${vm.name}:${name}`, connectionId: name, host, vm: vm.name, tenant: vm.tenant, vni: vm.vni },
      direction: end.side,
      ...ends,
      ...{ remoteVm: other.vm, remoteHost: other.host, program: null, pid: null, queuePair: null },
      ...{ path: 'tcp', reason: 'host-only', rule: this.ruleOf(end), state: 'established' },
      ...{ txBytes: null, rxBytes: null, txBytesPerSecond: null, rxBytesPerSecond: null },
      establishedAt: new Date(since).toISOString(),
    };
  }
}
