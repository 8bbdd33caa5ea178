import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { EndedProcesses } from '../../src/dataplane/ended-processes.js';
import type { FlowEnd } from '../../src/dataplane/flow-end.js';
import { SocketOwners } from '../../src/dataplane/socket-owners.js';
import { BareHost } from '../support/bare-host.js';

/** The kernel’s sockets, as the test says. */
class SaidOwners extends SocketOwners {
  readonly closed = new Set<number>();
  looks = 0;

  override isHeld(end: FlowEnd): boolean {
    this.looks++;
    return !this.closed.has(end.localPort);
  }
}

/** Three flows of process 0 of the first VM, and `tick` as time goes by. */
function withFlows(
  context: TestContext,
  use: (host: BareHost, owners: SaidOwners, ended: EndedProcesses, tick: (ms: number) => void) => void,
): void {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const host = new BareHost(['10.0.0.1', '10.0.0.2']);
  try {
    const owners = new SaidOwners(host.book);
    const board = host.board(owners);
    for (const port of [1, 2, 3])
      host.writeClaim(host.vms[0]!, port, {
        cookie: BigInt(port),
        localPort: port,
        remotePort: 5000,
        remoteAddress: '10.0.0.2',
      });
    board.scan(host.vms[0]!);
    host.vms[0]!.doorbells.take(board.service, Infinity);
    const ended = new EndedProcesses({
      flowsOf: (vm, process) => board.flowsOf(vm, process),
      closeEnded: (ends) => board.closeEnded(ends),
      wake: () => undefined,
    });
    use(host, owners, ended, (ms) => context.mock.timers.tick(ms));
  } finally {
    host.close();
  }
}

const portsOf = (host: BareHost): number[] =>
  host.vms[0]!.flows.filter((end) => end !== null).map((end) => end.localPort);

test('a socket that the kernel closes after its program’s channel ends its flow all the same', (context) =>
  withFlows(context, (host, owners, ended, tick) => {
    owners.closed.add(1);
    ended.add(host.vms[0]!, 0);
    assert.deepEqual(portsOf(host), [2, 3]);
    owners.closed.add(2);
    tick(1);
    assert.deepEqual(portsOf(host), [3]);
    owners.closed.add(3);
    tick(10);
    assert.deepEqual(portsOf(host), []);
  }));

test('a flow that somebody else has is let alone, and not looked at for ever', (context) =>
  withFlows(context, (host, owners, ended, tick) => {
    ended.add(host.vms[0]!, 0);
    const first = owners.looks;
    tick(1);
    host.vms[0]!.processes[0] = { pid: 1, program: 'another' };
    owners.closed.add(1);
    for (const ms of [10, 100, 1000, 10_000]) tick(ms);
    assert.deepEqual(portsOf(host), [1, 2, 3], 'it says itself what it closes');
    assert.ok(owners.looks <= 2 * first);
  }));
