import assert from 'node:assert/strict';
import { beforeEach, afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../../../src/daemon/observer/connection.js';
import { tcpState } from '../../../src/daemon/observer/inet-diag-layout.js';
import { VmObserver } from '../../../src/daemon/observer/vm-observer.js';
import { GuestProgram } from '../support/guest-program.js';
import { TestNetwork } from '../support/test-network.js';

describe('payload counts', () => {
  let network: TestNetwork;
  let client: GuestProgram;
  let server: GuestProgram;
  let observers: [VmObserver, VmObserver];

  beforeEach(async () => {
    network = new TestNetwork();
    [client, server] = [new GuestProgram(network.one), new GuestProgram(network.two)];
    const none = { txBytes: 0, rxBytes: 0 };
    const observe = (name: 'one' | 'two'): VmObserver =>
      new VmObserver(name, `/run/netns/${network[name].namespace}`, none);
    observers = [observe('one'), observe('two')];
    const port = await server.tell(`listen l ${network.two.address}`);
    await client.tell(`connect c ${network.two.address} ${port}`);
    await server.tell('accept s l');
  });
  afterEach(async () => {
    for (const observer of observers) observer.close();
    for (const program of [client, server]) await program.end();
    network.remove();
  });

  async function connections(): Promise<[Connection, Connection]> {
    const now = Date.now();
    const [ofClient, ofServer] = [await observers[0].observe(now), await observers[1].observe(now)];
    return [ofClient[0]!, ofServer[0]!];
  }

  /** Waits until both sockets are in these states, and says what is counted then. */
  async function countsIn(clientState: number, serverState: number): Promise<number[]> {
    for (;;) {
      const [c, s] = await connections();
      if (c.socket.state === clientState && s.socket.state === serverState)
        return [c.txBytes, c.rxBytes, s.txBytes, s.rxBytes];
      await sleep(5);
    }
  }

  async function exchange(): Promise<void> {
    await client.tell('send c 100000');
    await server.tell('read s 100000');
    await server.tell('send s 777');
    await client.tell('read c 777');
  }

  it('tells who connected', async () => {
    const [c, s] = await connections();
    assert.deepEqual([c.direction, s.direction], ['out', 'in']);
  });

  it('are the program’s own, established', async () => {
    await exchange();
    assert.deepEqual(await countsIn(tcpState.established, tcpState.established), [100000, 777, 777, 100000]);
  });

  it('leave the FIN of the side that connected out', async () => {
    await exchange();
    await client.tell('shutdown c');
    assert.deepEqual(await countsIn(tcpState.finWait2, tcpState.closeWait), [100000, 777, 777, 100000]);
    await server.tell('send s 23');
    await client.tell('read c 23');
    assert.deepEqual(await countsIn(tcpState.finWait2, tcpState.closeWait), [100000, 800, 800, 100000]);
  });

  it('leave the FIN of the side that accepted out', async () => {
    await exchange();
    await server.tell('shutdown s');
    assert.deepEqual(await countsIn(tcpState.closeWait, tcpState.finWait2), [100000, 777, 777, 100000]);
  });

  /** Totals once the sockets are freed. */
  async function totalsOfClosed(): Promise<number[]> {
    for (;;) {
      for (const observer of observers) {
        const open = await observer.observe(Date.now());
        assert.equal(observer.settleClosed(Date.now()), false);
        assert.ok(open.length <= 1);
      }
      const [c, s] = observers.map((observer) => observer.endedTotals()) as [Totals, Totals];
      if (c.txBytes > 0 && s.txBytes > 0) return [c.txBytes, c.rxBytes, s.txBytes, s.rxBytes];
      await sleep(5);
    }
  }
  type Totals = { txBytes: number; rxBytes: number };

  for (const seen of [true, false]) {
    it(`stay exact when both have closed, ${seen ? 'seen before' : 'never seen open'}`, async () => {
      await exchange();
      if (seen) await connections();
      await client.tell('close c');
      assert.equal(await server.tell('eof s'), '0');
      await server.tell('close s');
      assert.deepEqual(await totalsOfClosed(), [100000, 777, 777, 100000]);
    });

    it(`stay exact after a reset, ${seen ? 'seen before' : 'never seen open'}`, async () => {
      await exchange();
      if (seen) await connections();
      await server.tell('send s 5');
      await client.tell('close c');
      assert.equal(await server.tell('error s 1000'), 'ECONNRESET');
      await server.tell('close s');
      assert.deepEqual(await totalsOfClosed(), [100000, 782, 782, 100000]);
    });
  }

  it('grow and never shrink while connections come and go', async () => {
    let last = 0;
    for (let round = 0; round < 30; round++) {
      await client.tell('send c 1000');
      await server.tell('read s 1000');
      await client.tell('close c');
      await server.tell('eof s');
      await server.tell('close s');
      await client.tell(
        `connect c ${network.two.address} ${await server.tell(`listen l ${network.two.address}`)}`,
      );
      await server.tell('accept s l');
      await observers[0].observe(Date.now());
      observers[0].settleClosed(Date.now());
      const { txBytes } = observers[0].totals();
      assert.ok(txBytes >= last && txBytes <= (round + 1) * 1000);
      last = txBytes;
    }
  });
});
