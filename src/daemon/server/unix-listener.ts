import { chmodSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { openFileLimit } from '../../native/open-file-limit.js';
import { VsocketError } from '../../errors/vsocket-error.js';

/** Of the descriptors that this process may have, two sockets have half at most. */
export function connectionLimit(openFiles: number): number {
  return Math.max(1, Math.min(256, Math.floor(openFiles / 4)));
}

/**
 * Serves on a Unix socket with the given permissions. A socket file that nobody serves any more is replaced.
 * @throws VsocketError when another process serves it
 */
export async function listenOn(server: FastifyInstance, path: string, mode: number): Promise<void> {
  // Whoever holds connections to one socket takes nothing from the others: what comes on top is closed at once.
  server.server.maxConnections = connectionLimit(openFileLimit());
  if (await isServed(path))
    throw new VsocketError('already-running', `another vsockd serves ${path}`, 'stop it first');
  rmSync(path, { force: true });
  // From the first moment nobody else may connect: the mode is widened after the fact, never narrowed.
  const mask = process.umask(0o177);
  try {
    await server.listen({ path });
  } finally {
    process.umask(mask);
  }
  chmodSync(path, mode);
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
