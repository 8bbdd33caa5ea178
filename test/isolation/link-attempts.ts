import { rxRingOffset } from '../../src/channel/region-layout.js';
import type { FlowEnd } from '../../src/dataplane/flow-end.js';
import { LocalPairs } from '../../src/dataplane/local-pairs.js';
import { RemoteFlows } from '../../src/dataplane/remote/remote-flows.js';
import { SocketOwners } from '../../src/dataplane/socket-owners.js';
import { readClaim } from '../../src/dataplane/claim.js';
import type { Directory } from '../../src/directory/directory.js';
import { Link, type LinkNeeds } from '../../src/link/link.js';
import type { EndState } from '../../src/link/messages.js';
import { NoQueuePairs } from '../../src/link/rdma/no-queue-pairs.js';
import { BareHost } from '../support/bare-host.js';
import type { Attempt } from './attempt.js';

/** Nobody closes anything here. */
class AllHeld extends SocketOwners {
  override isHeld(): boolean {
    return true;
  }
}

/** By the directory: 10.0.0.2 of this VM’s network is on host two, that of another network on host three. */
const directory: Directory = {
  hosts: () => [],
  find: (vni, address) =>
    address === '10.0.0.2' ? { name: 'other', host: vni === 100 ? 'two' : 'three' } : null,
  places: () => [],
  onChange: () => undefined,
  close: () => undefined,
};

const bytes = Buffer.from('not for this VM');
const farHandle = 7;

/** A host that speaks for itself, and one that has a certificate and no business with the flow. */
class LinkedHost {
  readonly host = new BareHost(['10.0.0.1']);
  readonly links: Record<'two' | 'three', Link>;
  readonly remote: RemoteFlows;
  /** Joined with one of host two, and one that waits for it. */
  readonly joined: FlowEnd;
  readonly waiting: FlowEnd;

  constructor() {
    const { book } = this.host;
    const owners = new AllHeld(book);
    const queuePairs = new NoQueuePairs('none here');
    // Links that are never connected: what their hosts would have said is put in below.
    const make = (host: string): Link =>
      new Link(host, { queuePairs } as unknown as LinkNeeds, () => undefined);
    this.links = { two: make('two'), three: make('three') };
    const link = (host: string): Link | null =>
      host === 'two' || host === 'three' ? this.links[host] : null;
    this.remote = new RemoteFlows(book, new LocalPairs(book, owners), {
      link,
      directory,
      queuePairs,
      owners,
    });
    this.joined = this.#claim(0, 1);
    book.setState(this.joined, 'open');
    this.remote.adopt(this.joined, 'two', farHandle, false);
    this.waiting = this.#claim(1, 2);
    book.setState(this.waiting, 'waiting');
    this.remote.take(this.waiting, 'two');
  }

  #claim(index: number, localPort: number): FlowEnd {
    const [vm] = this.host.vms;
    const claim = { cookie: BigInt(100 + index), localPort, remoteAddress: '10.0.0.2', remotePort: 80 };
    this.host.writeClaim(vm!, index, claim);
    const end = this.host.book.open(vm!, index, readClaim(vm!, index)!)!;
    this.host.book.enter(end);
    return end;
  }

  /** What a host says of its end of a flow. */
  stateOf(end: FlowEnd, more: Partial<EndState> = {}): EndState {
    const counts = {
      sent: 0,
      received: 0,
      tail: 0,
      startBytes: 0,
      starts: 0,
      stops: 0,
      stopBytes: 0,
      stopsTaken: 0,
    };
    const nothing = { leaves: null, leavesFrom: null, endBytes: null, closedAt: null, ring: null };
    const flags = { ready: false, agrees: false, left: false, asksEnd: false, done: false };
    const remote = { remoteAddress: end.localAddress, remotePort: end.localPort };
    return {
      ...{ type: 'end', handle: farHandle, cookie: '1', farHandle: null, vni: 100, state: 'open' },
      ...{ localAddress: end.remoteAddress, localPort: end.remotePort, ...remote },
      ...counts,
      ...nothing,
      ...flags,
      ...more,
    };
  }

  /** What a stranger may have changed: empty as long as nothing is. */
  changes(): string[] {
    const { joined, waiting, host } = this;
    const ring = host.vms[0]!.bytes.subarray(
      rxRingOffset(joined.slot),
      rxRingOffset(joined.slot) + bytes.length,
    );
    const found: string[] = [];
    if (!ring.every((byte) => byte === 0)) found.push('the VM’s memory');
    if (joined.received !== 0 || joined.sent !== 0) found.push('counts');
    if (joined.far?.host !== 'two' || joined.state !== 'open') found.push('a flow with another host');
    if (waiting.far !== null) found.push('a flow that waits for another host');
    return found;
  }
}

const tries: [what: string, by: (to: LinkedHost, from: Link) => void][] = [
  [
    'bytes for a flow with another host',
    ({ remote, joined }, from) => remote.transfers.data(from, joined.record, 0, bytes),
  ],
  [
    'an RDMA write’s immediate for it',
    ({ remote, joined }, from) => remote.transfers.arrived(from, joined.record, 100),
  ],
  ['credit for it', ({ remote, joined }, from) => remote.transfers.credit(from, joined.record, 0, 0)],
  [
    'word that it is reset',
    (to, from) => to.remote.end(from, to.stateOf(to.joined, { farHandle: to.joined.record, state: 'reset' })),
  ],
  [
    'word that it is gone',
    ({ remote, joined }, from) =>
      remote.gone(from, {
        type: 'gone',
        handle: farHandle,
        cookie: '1',
        far: { handle: joined.record, cookie: String(joined.cookie) },
      }),
  ],
  [
    'the other end of a flow that waits for another host',
    (to, from) => to.remote.end(from, to.stateOf(to.waiting)),
  ],
  [
    'the other end, of equal addresses in another tenant’s network',
    (to, from) => to.remote.end(from, to.stateOf(to.waiting, { vni: 200 })),
  ],
  [
    'that, by the number of the flow',
    (to, from) => to.remote.end(from, to.stateOf(to.waiting, { vni: 200, farHandle: to.waiting.record })),
  ],
];

/** Tries of a host with a good certificate to have a part in flows that are with another host. */
export function linkAttempts(tell: (attempt: Attempt) => void): void {
  for (const [what, by] of tries) {
    const to = new LinkedHost();
    try {
      by(to, to.links.three);
      tell({ what: `a host’s link: ${what}`, reached: to.changes(), missing: [] });
    } finally {
      to.host.close();
    }
  }
  tell(control());
}

/** What the right host says counts: else the tries above would say nothing. */
function control(): Attempt {
  const to = new LinkedHost();
  try {
    to.remote.transfers.data(to.links.two, to.joined.record, 0, bytes);
    to.remote.end(to.links.two, to.stateOf(to.waiting));
    const missing = ['the VM’s memory', 'counts', 'a flow that waits for another host'];
    const changes = to.changes();
    const what = 'a host’s link: the same by the host that has the other end is heard';
    return { what, reached: [], missing: missing.filter((one) => !changes.includes(one)) };
  } finally {
    to.host.close();
  }
}
