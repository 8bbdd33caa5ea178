import type { Vm } from '../../api/vm.js';
import type { HostConfig, VmConfig } from '../../config/host-config.js';
import type { LedgerFlow, LedgerReader, LedgerVm } from '../../ledger/ledger-flow.js';
import type { Connection } from '../observer/connection.js';
import type { HostObserver } from '../observer/host-observer.js';
import { Pace } from '../../pace/pace.js';
import { RateMeter } from '../rates/rate-meter.js';
import { RateMeters } from '../rates/rate-meters.js';
import type { SeenFlow } from './flow-row.js';
import { FlowSnapshot } from './flow-snapshot.js';
import type { HostOnlyFlows } from './host-only-flows.js';
import type { VmDirectory } from './vm-directory.js';

type Counts = Pick<Vm, 'flows' | 'fastFlows' | 'busyFlows'>;

/** Joins what the kernel counts, what the data plane knows, and the rates. */
export class FlowTable {
  readonly #vmMeters = new RateMeters();

  constructor(
    private readonly config: HostConfig,
    private readonly directory: VmDirectory,
    private readonly observer: Pick<HostObserver, 'observe' | 'totals'>,
    private readonly ledger: () => LedgerReader | null,
    private readonly problemOf: (vm: string) => string | null,
    private readonly ruleOf: (vm: VmConfig, connection: Connection) => string | null,
    private readonly hostOnly: Pick<HostOnlyFlows, 'rows'>,
  ) {}

  async read(): Promise<FlowSnapshot> {
    const observed = await this.observer.observe();
    const reader = this.ledger();
    const claims = new Map((reader?.flows() ?? []).map((claim) => [`${claim.vm}:${claim.cookie}`, claim]));
    const ledgerVms = new Map((reader?.vms() ?? []).map((vm) => [vm.name, vm]));
    const at = performance.now();
    this.#vmMeters.begin();
    const pace = new Pace();
    const flows: SeenFlow[] = [];
    const vms: Vm[] = [];
    for (const vm of this.directory.all) {
      const connections = observed.get(vm.name) ?? [];
      const counts: Counts = { flows: connections.length, fastFlows: 0, busyFlows: 0 };
      for (const connection of connections) {
        if (pace.isDue) await pace.rest();
        const flow = seenFlow(vm, connection, claims.get(connection.id), at);
        flows.push(flow);
        if (flow.claim === undefined) continue;
        if (flow.claim.path !== 'tcp') counts.fastFlows += 1;
        else if (flow.claim.reason === 'busy') counts.busyFlows += 1;
      }
      vms.push(this.#vm(vm, counts, ledgerVms.get(vm.name), at));
    }
    const place = { host: this.config.host, directory: this.directory, notes: reader, ruleOf: this.ruleOf };
    return new FlowSnapshot(place, vms, flows, await this.hostOnly.rows(observed));
  }

  #vm(vm: VmConfig, counts: Counts, ledgerVm: LedgerVm | undefined, at: number): Vm {
    const tcp = this.observer.totals(vm.name);
    const txBytes = tcp.txBytes + (ledgerVm?.ringTxBytes ?? 0);
    const rxBytes = tcp.rxBytes + (ledgerVm?.ringRxBytes ?? 0);
    const perSecond = this.#vmMeters.measure(vm.name, at, [txBytes, rxBytes]);
    return {
      name: vm.name,
      host: this.config.host,
      tenant: vm.tenant,
      vni: vm.vni,
      addresses: vm.addresses,
      interface: vm.interface,
      problem: this.problemOf(vm.name),
      processes: ledgerVm?.processes ?? 0,
      ...counts,
      txBytes,
      rxBytes,
      txBytesPerSecond: whole(perSecond?.[0]),
      rxBytesPerSecond: whole(perSecond?.[1]),
    };
  }
}

function seenFlow(vm: VmConfig, connection: Connection, claim: LedgerFlow | undefined, at: number): SeenFlow {
  const txBytes = connection.txBytes + (claim?.ringTxBytes ?? 0);
  const rxBytes = connection.rxBytes + (claim?.ringRxBytes ?? 0);
  const perSecond = flowRates(connection, at, [txBytes, rxBytes]);
  return {
    vm,
    connection,
    claim,
    txBytes,
    rxBytes,
    txBytesPerSecond: whole(perSecond?.[0]),
    rxBytesPerSecond: whole(perSecond?.[1]),
  };
}

/** The meter stays with the connection: to find 100,000 of them by name takes longer than all they do. */
function flowRates(connection: Connection, at: number, values: readonly number[]): readonly number[] | null {
  if (connection.meter === null) connection.meter = new RateMeter(at, values);
  else connection.meter.sample(at, values);
  return connection.meter.perSecond;
}

/** Bytes are whole; fractions of them only look exact. */
function whole(rate: number | undefined): number {
  return Math.round(rate ?? 0);
}
