import type { Flow } from '../../api/flow.js';
import type { Vm } from '../../api/vm.js';
import type { Connection } from '../observer/connection.js';
import { FlowRow, type FlowPlace, type SeenFlow } from './flow-row.js';

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
    private readonly place: FlowPlace,
    readonly vms: readonly Vm[],
    private readonly seen: readonly SeenFlow[],
    /** Those without a connection that the VM’s kernel shows. */
    readonly hostOnly: readonly Flow[] = [],
  ) {}

  *flows(): Generator<Flow> {
    for (const flow of this.seen) yield new FlowRow(this.place, flow);
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

  ruleOf({ vm, connection }: SeenFlow): string | null {
    return this.place.ruleOf(vm, connection);
  }

  ofVm(name: string): FlowWithConnection[] {
    return this.seen.filter(({ vm }) => vm.name === name).map((flow) => this.withConnection(flow));
  }

  /** @param flow one of this snapshot’s */
  withConnection(flow: SeenFlow): FlowWithConnection {
    return { flow: new FlowRow(this.place, flow), connection: flow.connection };
  }

  #named(id: string): SeenFlow | undefined {
    this.#byId ??= new Map(this.seen.map((flow) => [flow.connection.id, flow]));
    return this.#byId.get(id);
  }
}
