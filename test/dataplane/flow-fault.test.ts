import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowEnd } from '../../src/dataplane/flow-end.js';
import { SocketOwners } from '../../src/dataplane/socket-owners.js';
import type { Switchboard } from '../../src/dataplane/switchboard.js';
import { BareHost } from '../support/bare-host.js';

/** A mistake of vsockd’s own that one connection brings to light. */
class FailingOwners extends SocketOwners {
  failingPort = 0;

  override isHeld(end: FlowEnd): boolean {
    if (end.localPort === this.failingPort) throw new TypeError('a mistake');
    return true;
  }
}

function withFlows(use: (host: BareHost, board: Switchboard, owners: FailingOwners) => void): void {
  const host = new BareHost(['10.0.0.1', '10.0.0.2']);
  try {
    const owners = new FailingOwners(host.book);
    const board = host.board(owners);
    for (const port of [1, 2, 3]) {
      const [a, b] = host.vms;
      const remote = { localPort: port, remotePort: port };
      host.writeClaim(a!, port, { cookie: BigInt(port), ...remote, remoteAddress: '10.0.0.2' });
      host.writeClaim(b!, port, { cookie: BigInt(port + 10), ...remote, remoteAddress: '10.0.0.1' });
    }
    use(host, board, owners);
  } finally {
    host.close();
  }
}

function assertOnlySecondFailed(host: BareHost): void {
  for (const vm of host.vms)
    assert.deepEqual(
      [1, 2, 3].map((port) => vm.flows[port]?.state),
      ['open', 'reset', 'open'],
    );
  const errors = host.logs.filter(({ level }) => level === 'error');
  assert.ok(errors.length > 0);
  for (const { fields } of errors) {
    assert.equal(fields.localPort, 2);
    assert.match(String(fields.stack), /TypeError: a mistake\n +at .*isHeld/);
  }
}

test('a mistake while a claim is checked ends that flow and is logged with its stack', () =>
  withFlows((host, board, owners) => {
    owners.failingPort = 2;
    for (const vm of host.vms) {
      board.scan(vm);
      vm.doorbells.take(board.service, Infinity);
    }
    assertOnlySecondFailed(host);
  }));

test('a mistake in a look at the flows of a process that ended ends that flow, and the others are looked at', () =>
  withFlows((host, board, owners) => {
    for (const vm of host.vms) {
      board.scan(vm);
      vm.doorbells.take(board.service, Infinity);
    }
    owners.failingPort = 2;
    const [vm] = host.vms;
    board.closeEnded(board.flowsOf(vm!, 0));
    assertOnlySecondFailed(host);
  }));
