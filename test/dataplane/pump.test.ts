import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ringBytes, slot } from '../../src/channel/region-layout.js';
import type { FlowEnd } from '../../src/dataplane/flow-end.js';
import { LocalPairs } from '../../src/dataplane/local-pairs.js';
import { SocketOwners } from '../../src/dataplane/socket-owners.js';
import { Switchboard } from '../../src/dataplane/switchboard.js';
import { allowed, BareHost } from '../support/bare-host.js';

/** Nobody closes anything here. */
class AllHeld extends SocketOwners {
  override isHeld(): boolean {
    return true;
  }
}

function add(end: FlowEnd, word: number, count: number): void {
  Atomics.store(end.words, word, (Atomics.load(end.words, word) + count) | 0);
}

/** Two open ends; the ring of the second is full and that of the first has as much again to send. */
function openPair(host: BareHost): { from: FlowEnd; to: FlowEnd; board: Switchboard } {
  const owners = new AllHeld(host.book);
  const configs = host.vms.map((vm) => vm.config);
  const board = new Switchboard(
    host.book,
    new LocalPairs(host.book, owners),
    null,
    { owners, verdict: allowed },
    configs,
  );
  const [a, b] = host.vms as [(typeof host.vms)[0], (typeof host.vms)[0]];
  host.writeClaim(a, 0, { cookie: 1n, localPort: 1, remotePort: 2, remoteAddress: '10.0.0.2' });
  host.writeClaim(b, 0, { cookie: 2n, localPort: 2, remotePort: 1, remoteAddress: '10.0.0.1' });
  board.service(a, 0);
  board.service(b, 0);
  const from = a.flows[0]!;
  const to = b.flows[0]!;
  Atomics.store(from.words, from.at(slot.txStarts), 1);
  for (let ring = 0; ring < 2; ring++) {
    add(from, from.txHead, ringBytes);
    board.service(a, 0);
  }
  assert.equal(to.received, ringBytes);
  for (const vm of host.vms) vm.takeDoorbells(() => undefined);
  return { from, to, board };
}

test('a reader that frees a byte whenever it is told of one holds nobody up, and gets all that was sent', () => {
  const host = new BareHost(['10.0.0.1', '10.0.0.2']);
  try {
    const { from, to, board } = openPair(host);
    // The worst that a guest can time: its move comes between the copy and the look at what room there is.
    to.vm.notify = () => add(to, to.rxTail, 1);
    add(to, to.rxTail, 1);
    board.service(from.vm, from.slot);
    for (
      const visit = (vm: FlowEnd['vm'], index: number): void => {
        const before = to.received;
        board.service(vm, index);
        assert.ok(to.received - before <= 100, `one visit moved ${to.received - before} bytes`);
      };
      from.vm.takeDoorbells(visit);
    );
    assert.equal(from.sent, 2 * ringBytes);
  } finally {
    host.close();
  }
});

test('what a reader makes room for while it is filled comes without its word', () => {
  const host = new BareHost(['10.0.0.1', '10.0.0.2']);
  try {
    const { from, to, board } = openPair(host);
    let told = 0;
    // It takes all that it was told of, and does not ring: the look at its tail had not asked for it yet.
    to.vm.notify = () => {
      if (told++ < 4) add(to, to.rxTail, ringBytes / 4);
    };
    add(to, to.rxTail, ringBytes / 4);
    board.service(from.vm, from.slot);
    while (from.vm.takeDoorbells(board.service)) assert.ok(told < 10, 'it is looked at for nothing');
    assert.equal(from.sent, 2 * ringBytes);
  } finally {
    host.close();
  }
});
