import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Link, type LinkEvents, type LinkStatus } from '../../src/link/link.js';
import { NoQueuePairs } from '../../src/link/rdma/no-queue-pairs.js';
import type { QueuePairSource } from '../../src/link/rdma/queue-pairs.js';
import { bareLinkConfig } from '../support/bare-link.js';

/** Two ends of one TCP connection. */
async function socketPair(context: TestContext): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const one = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [other] = (await once(server, 'connection')) as [Socket];
  server.close();
  context.after(() => [one, other].forEach((socket) => socket.destroy()));
  return [one, other];
}

/** RDMA that can be used or not as the test says; whether it can is asked for at any time. */
class SwitchedSource extends NoQueuePairs implements QueuePairSource {
  readonly blames: string[] = [];
  ready = false;
  opened: string;

  constructor() {
    super('it failed a moment ago');
    this.opened = 'never asked for';
  }

  override open(): string {
    return this.opened;
  }

  override isReady(): boolean {
    return this.ready;
  }

  override blame(_host?: string, reason?: string): void {
    this.blames.push(reason ?? '');
    this.ready = false;
  }
}

function linkFrom(
  ownName: string,
  host: string,
  queuePairs: QueuePairSource,
): [Link, Promise<string | null>] {
  let ended: (reason: string | null) => void = () => undefined;
  const end = new Promise<string | null>((resolve) => (ended = resolve));
  const ignored = (): void => undefined;
  const events: LinkEvents = {
    up: ignored,
    down: ignored,
    end: ignored,
    gone: ignored,
    data: ignored,
    arrived: ignored,
    sent: ignored,
    credit: ignored,
    creditUnits: ignored,
    room: ignored,
    status: ignored,
  };
  const link = new Link(
    host,
    { ownName, version: 'test', config: bareLinkConfig, queuePairs, events },
    ({ status }) => ended(status.reason),
  );
  return [link, end];
}

async function untilUp(link: Link): Promise<LinkStatus> {
  while (!link.isUp) await new Promise((resolve) => setTimeout(resolve, 5));
  return link.status;
}

test('a session begun without RDMA ends when RDMA can be used, though that was so before the other host’s hello', async (context) => {
  const [near, far] = await socketPair(context);
  const source = new SwitchedSource();
  const [one, ended] = linkFrom('hv1', 'hv2', source);
  const [other] = linkFrom('hv2', 'hv1', new NoQueuePairs('no RDMA device'));
  one.begin(near);
  source.ready = true; // between our hello and theirs
  other.begin(far);
  assert.equal(
    (await untilUp(one)).reason,
    'it failed a moment ago; hv2: no RDMA device',
    'the reason is the one that held when the hello was said',
  );
  assert.equal((await untilUp(other)).reason, 'no RDMA device; hv1: it failed a moment ago');
  assert.equal(await ended, 'RDMA can be used now');
});

test('queue pairs that cannot be made are not tried again at once', async (context) => {
  const [near, far] = await socketPair(context);
  const source = new SwitchedSource();
  source.ready = true;
  source.opened = 'no queue pair can be made: Cannot allocate memory';
  const [one] = linkFrom('hv1', 'hv2', source);
  const [other] = linkFrom('hv2', 'hv1', new NoQueuePairs('no RDMA device'));
  one.begin(near);
  other.begin(far);
  assert.match((await untilUp(one)).reason ?? '', /^no queue pair can be made/);
  assert.deepEqual(source.blames, [source.opened]);
  one.close('the test is over');
});
