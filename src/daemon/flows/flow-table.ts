import type { Flow } from '../../api/flow.js';
import type { Vm } from '../../api/vm.js';
import type { HostConfig, VmConfig } from '../../config/host-config.js';
import type { LedgerFlow, LedgerReader, LedgerVm } from '../../ledger/ledger-flow.js';
import type { Connection } from '../observer/connection.js';
import type { HostObserver } from '../observer/host-observer.js';
import { describeFlow } from './describe-flow.js';
import { RateMeters } from '../rates/rate-meters.js';
import type { VmDirectory } from './vm-directory.js';

/** The host’s flows and VMs at one moment. */
export interface FlowSnapshot {
  flows: Flow[];
  vms: Vm[];
  /** The connections under the flows’ ids. */
  connections: Map<string, Connection>;
}

type Rates = Pick<Vm, 'txBytesPerSecond' | 'rxBytesPerSecond'>;

/** Joins what the kernel counts, what the data plane knows, and the rates. */
export class FlowTable {
  readonly #meters = new RateMeters();

  constructor(
    private readonly config: HostConfig,
    private readonly directory: VmDirectory,
    private readonly observer: HostObserver,
    private readonly ledger: () => LedgerReader | null,
    private readonly problemOf: (vm: string) => string | null,
  ) {}

  async read(): Promise<FlowSnapshot> {
    const observed = await this.observer.observe();
    const reader = this.ledger();
    const claims = new Map((reader?.flows() ?? []).map((claim) => [`${claim.vm}:${claim.cookie}`, claim]));
    const ledgerVms = new Map((reader?.vms() ?? []).map((vm) => [vm.name, vm]));
    const at = performance.now();
    this.#meters.begin(at);
    const snapshot: FlowSnapshot = { flows: [], vms: [], connections: new Map() };
    for (const vm of this.directory.all) {
      const connections = observed.get(vm.name) ?? [];
      const flows = connections.map((connection) => this.#flow(vm, connection, claims, reader, at));
      connections.forEach((connection, index) => snapshot.connections.set(flows[index]!.id, connection));
      for (const flow of flows) snapshot.flows.push(flow);
      snapshot.vms.push(this.#vm(vm, flows, ledgerVms.get(vm.name), at));
    }
    return snapshot;
  }

  #flow(
    vm: VmConfig,
    connection: Connection,
    claims: Map<string, LedgerFlow>,
    reader: LedgerReader | null,
    at: number,
  ): Flow {
    const { cookie } = connection.socket;
    const claim = claims.get(`${vm.name}:${cookie}`);
    const note = reader?.note(vm.name, cookie) ?? null;
    const flow = describeFlow(this.config.host, vm, connection, claim, note, this.directory);
    return { ...flow, ...this.#rates(flow.id, at, flow.txBytes, flow.rxBytes) };
  }

  #vm(vm: VmConfig, flows: Flow[], ledgerVm: LedgerVm | undefined, at: number): Vm {
    const tcp = this.observer.totals(vm.name);
    const txBytes = tcp.txBytes + (ledgerVm?.ringTxBytes ?? 0);
    const rxBytes = tcp.rxBytes + (ledgerVm?.ringRxBytes ?? 0);
    return {
      name: vm.name,
      host: this.config.host,
      tenant: vm.tenant,
      vni: vm.vni,
      addresses: vm.addresses,
      interface: vm.interface,
      problem: this.problemOf(vm.name),
      processes: ledgerVm?.processes ?? 0,
      flows: flows.length,
      fastFlows: flows.filter((flow) => flow.path !== 'tcp').length,
      txBytes,
      rxBytes,
      ...this.#rates(vm.name, at, txBytes, rxBytes),
    };
  }

  #rates(name: string, at: number, txBytes: number, rxBytes: number): Rates {
    const [txBytesPerSecond = 0, rxBytesPerSecond = 0] =
      this.#meters.measure(name, at, [txBytes, rxBytes]) ?? [];
    // Bytes are whole; fractions of them only look exact.
    return { txBytesPerSecond: Math.round(txBytesPerSecond), rxBytesPerSecond: Math.round(rxBytesPerSecond) };
  }
}
