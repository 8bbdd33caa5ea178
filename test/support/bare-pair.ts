import { slot } from '../../src/channel/region-layout.js';
import type { FlowEnd } from '../../src/dataplane/flow-end.js';
import { LocalPairs } from '../../src/dataplane/local-pairs.js';
import { SocketOwners } from '../../src/dataplane/socket-owners.js';
import type { Switchboard } from '../../src/dataplane/switchboard.js';
import { BareHost } from './bare-host.js';

/** Nobody closes anything here. */
class AllHeld extends SocketOwners {
  override isHeld(): boolean {
    return true;
  }
}

export function readWord(end: FlowEnd, field: number): number {
  return Atomics.load(end.words, end.at(field));
}

export function writeWord(end: FlowEnd, field: number, value: number): void {
  Atomics.store(end.words, end.at(field), value);
}

/** The two ends of a connection of a bare host, open, with readers that know of their rings. */
export class BarePair {
  readonly host = new BareHost(['10.0.0.1', '10.0.0.2']);
  readonly pairs: LocalPairs;
  readonly board: Switchboard;
  readonly from: FlowEnd;
  readonly to: FlowEnd;

  constructor() {
    const { host } = this;
    const owners = new AllHeld(host.book);
    this.pairs = new LocalPairs(host.book, owners);
    this.board = host.board(owners, this.pairs);
    const [a, b] = host.vms as [(typeof host.vms)[0], (typeof host.vms)[0]];
    host.writeClaim(a, 0, { cookie: 1n, localPort: 1, remotePort: 2, remoteAddress: '10.0.0.2' });
    host.writeClaim(b, 0, { cookie: 2n, localPort: 2, remotePort: 1, remoteAddress: '10.0.0.1' });
    this.board.service(a, 0);
    this.board.service(b, 0);
    this.from = a.flows[0]!;
    this.to = b.flows[0]!;
    for (const end of this.both) writeWord(end, slot.rxReady, end.openings);
    this.visit();
  }

  get both(): FlowEnd[] {
    return [this.from, this.to];
  }

  /** A look at each end, as when both have rung. */
  visit(): void {
    for (const end of this.both) this.board.service(end.vm, end.slot);
  }

  close(): void {
    this.host.close();
  }
}
