import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { slot } from '../../src/channel/region-layout.js';
import { readClaim } from '../../src/dataplane/claim.js';
import type { FlowEnd } from '../../src/dataplane/flow-end.js';
import { FarEnd } from '../../src/dataplane/remote/far-end.js';
import { RemoteProgress } from '../../src/dataplane/remote/remote-progress.js';
import { RingSender } from '../../src/dataplane/remote/ring-sender.js';
import { Link } from '../../src/link/link.js';
import type { ControlMessage, EndState } from '../../src/link/messages.js';
import { NoQueuePairs } from '../../src/link/rdma/no-queue-pairs.js';
import { Session } from '../../src/link/session.js';
import { BareHost } from '../support/bare-host.js';
import { bareLinkConfig } from '../support/bare-link.js';

const nothing = (): void => undefined;

/** A session with nobody at its other end: what it is given to send is kept. */
class KeptSession extends Session {
  readonly told: EndState[] = [];
  onSend = nothing;

  constructor() {
    super(new Socket(), 60_000, {
      message: nothing,
      data: nothing,
      credit: nothing,
      room: nothing,
      ended: nothing,
    });
  }

  override send(message: ControlMessage): void {
    if (message.type === 'end') this.told.push(message);
    this.onSend();
  }
}

/** A link that is up. */
class KeptLink extends Link {
  readonly kept = new KeptSession();

  constructor() {
    const events = {
      up: nothing,
      down: nothing,
      end: nothing,
      gone: nothing,
      data: nothing,
      arrived: nothing,
      sent: nothing,
      credit: nothing,
      creditUnits: nothing,
      room: nothing,
      status: nothing,
    };
    const queuePairs = new NoQueuePairs('none here');
    super('two', { ownName: 'one', version: '0', config: bareLinkConfig, queuePairs, events }, nothing);
  }

  override get isUp(): boolean {
    return true;
  }

  override get path(): 'link' {
    return 'link';
  }

  override get session(): Session {
    return this.kept;
  }
}

/** An open end whose other end is on the host of `link`. */
function withEnd(use: (end: FlowEnd, progress: RemoteProgress, session: KeptSession) => void): void {
  const host = new BareHost(['10.0.0.1']);
  const link = new KeptLink();
  try {
    const [vm] = host.vms;
    host.writeClaim(vm!, 0, { cookie: 1n, localPort: 1, remotePort: 2, remoteAddress: '10.0.0.2' });
    const end = host.book.open(vm!, 0, readClaim(vm!, 0)!)!;
    host.book.enter(end);
    host.book.setState(end, 'open');
    end.farHost = link.host;
    end.far = new FarEnd(link.host, 0, '2');
    end.far.synced = end.far.open = true;
    use(
      end,
      new RemoteProgress(host.book, new RingSender(new NoQueuePairs('none here')), () => link),
      link.kept,
    );
  } finally {
    link.kept.end('');
    host.close();
  }
}

test('what a guest says while its end is told of is told in the next message', () =>
  withEnd((end, progress, session) => {
    // Its reader learns of the ring just after the message was made.
    session.onSend = () => Atomics.store(end.words, end.at(slot.rxReady), end.openings);
    progress.announce(end);
    session.onSend = nothing;
    assert.deepEqual(
      session.told.map(({ ready }) => ready),
      [false],
    );
    progress.settle(end);
    assert.deepEqual(
      session.told.map(({ ready }) => ready),
      [false, true],
    );
    progress.settle(end);
    assert.equal(session.told.length, 2, 'no news, no message');
  }));
