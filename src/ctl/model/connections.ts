import { isService, type FlowEnd, type FlowRow } from '../columns/flow-table.js';

/** Which flows are the two ends of one connection, among those of all hosts. */
export class Connections {
  readonly #others = new Map<FlowEnd, FlowEnd>();

  constructor(flows: readonly FlowEnd[]) {
    const ends = new Map<string, FlowEnd[]>();
    for (const flow of flows) {
      if (flow.connectionId === null) continue;
      // The places of a connection that is over may be another one’s meanwhile.
      const key = `${flow.state === 'closed' ? 'closed ' : ''}${flow.connectionId}`;
      const known = ends.get(key);
      if (known === undefined) ends.set(key, [flow]);
      else known.push(flow);
    }
    for (const [one, other, ...more] of ends.values()) {
      // A host that is asked by two names has each of its flows twice.
      if (one === undefined || other === undefined || more.length > 0 || !areOpposite(one, other)) continue;
      this.#others.set(one, other).set(other, one);
    }
  }

  /** One row for each connection that has an end among these: where both are, the one that connected. */
  rows(ends: readonly FlowEnd[]): FlowRow[] {
    const among = new Set(ends);
    return ends.flatMap((end): FlowRow[] => {
      const other = this.#others.get(end);
      if (other === undefined) return [end];
      return among.has(other) && !standsFor(end, other) ? [] : [{ ...end, other }];
    });
  }
}

/** The ends that a row stands for. */
export function endsOf({ other, ...end }: FlowRow): FlowEnd[] {
  return other === undefined ? [end] : [end, other];
}

function areOpposite(one: FlowEnd, other: FlowEnd): boolean {
  return (
    one.localAddress === other.remoteAddress &&
    one.localPort === other.remotePort &&
    one.remoteAddress === other.localAddress &&
    one.remotePort === other.localPort
  );
}

/** Of two ends just one does, also where both claim the same direction. */
function standsFor(one: FlowEnd, other: FlowEnd): boolean {
  if (isService(one) !== isService(other)) return isService(other);
  return `${one.host}/${one.id}` < `${other.host}/${other.id}`;
}
