import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a server that was started takes connections.
 * @throws Error when it ends before
 */
export async function untilReachable(address: string, port: number, server: ChildProcess): Promise<void> {
  for (;;) {
    if (server.exitCode !== null)
      throw new Error(`${server.spawnfile} ended with status ${String(server.exitCode)}`);
    const socket = connect(port, address);
    const reached = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (reached) return;
    await sleep(20);
  }
}
