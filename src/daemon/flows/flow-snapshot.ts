import type { Flow } from '../../api/flow.js';
import type { Vm } from '../../api/vm.js';
import type { VmConfig } from '../../config/host-config.js';
import type { ConnectionNote, LedgerFlow } from '../../ledger/ledger-flow.js';
import type { Connection } from '../observer/connection.js';
import { describeFlow } from './describe-flow.js';
import type { VmDirectory } from './vm-directory.js';

/** What is known of one flow at the moment of a snapshot. */
export interface SeenFlow extends Record<
  'txBytes' | 'rxBytes' | 'txBytesPerSecond' | 'rxBytesPerSecond',
  number
> {
  vm: VmConfig;
  connection: Connection;
  /** What its program’s library claimed for it. */
  claim: LedgerFlow | undefined;
  /** The rule of its VM that allows it; null: none does. */
  rule: string | null;
  /** What the library noted where it claimed nothing. */
  note: ConnectionNote | null;
}

/** A flow’s row, with the connection under it. */
export interface FlowWithConnection {
  flow: Flow;
  connection: Connection;
}

/** The host’s flows and VMs at one moment. A row is made when it is asked for: all at once they are a lot of memory. */
export class FlowSnapshot {
  /** Made when it is needed: only a kill looks for single flows. */
  #byId: ReadonlyMap<string, SeenFlow> | null = null;

  constructor(
    private readonly host: string,
    private readonly directory: VmDirectory,
    readonly vms: readonly Vm[],
    private readonly seen: readonly SeenFlow[],
    /** Those without a connection that the VM’s kernel shows. */
    private readonly hostOnly: readonly Flow[] = [],
  ) {}

  *flows(): Generator<Flow> {
    for (const flow of this.seen) yield this.#row(flow);
    yield* this.hostOnly;
  }

  has(id: string): boolean {
    return this.#named(id) !== undefined;
  }

  find(id: string): FlowWithConnection | null {
    const flow = this.#named(id);
    return flow === undefined ? null : this.withConnection(flow);
  }

  /** As it was seen, without making rows of it. */
  *each(): Generator<SeenFlow> {
    yield* this.seen;
  }

  ofVm(name: string): FlowWithConnection[] {
    return this.seen.filter(({ vm }) => vm.name === name).map((flow) => this.withConnection(flow));
  }

  /** @param flow one of this snapshot’s */
  withConnection(flow: SeenFlow): FlowWithConnection {
    return { flow: this.#row(flow), connection: flow.connection };
  }

  #named(id: string): SeenFlow | undefined {
    this.#byId ??= new Map(this.seen.map((flow) => [flow.connection.id, flow]));
    return this.#byId.get(id);
  }

  #row(flow: SeenFlow): Flow {
    return describeFlow(this.host, flow, this.directory);
  }
}
