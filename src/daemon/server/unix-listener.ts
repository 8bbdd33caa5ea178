import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { openFileLimit } from '../../native/open-file-limit.js';
import { reasonOf } from '../../errors/reason-of.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { identityAt } from '../../native/file-identity.js';

/** Of the descriptors that this process may have, two sockets have half at most. */
export function connectionLimit(openFiles: number): number {
  return Math.max(1, Math.min(256, Math.floor(openFiles / 4)));
}

/** Serves on a Unix socket with the given permissions. */
export class UnixListener {
  /** Which file the socket is. */
  #file: string | null = null;

  constructor(
    private readonly server: FastifyInstance,
    readonly path: string,
    private readonly mode: number,
  ) {}

  /**
   * A socket file that nobody serves any more is replaced.
   * @throws VsocketError when another process serves it, or it cannot be made
   */
  async open(): Promise<void> {
    // Whoever holds connections to one socket takes nothing from the others: what comes on top is closed at once.
    this.server.server.maxConnections = connectionLimit(openFileLimit());
    await this.#bind(async () => void (await this.server.listen({ path: this.path })));
  }

  /**
   * Makes the socket again where its file is gone, or another one. Connections that are open go on.
   * @returns whether it had to @throws as `open`
   */
  async keep(): Promise<boolean> {
    if (identityAt(this.path) === this.#file) return false;
    const { server } = this.server;
    await this.#bind(async () => {
      // Nobody can reach the one of before.
      server.close();
      server.listen(this.path);
      await once(server, 'listening');
    });
    return true;
  }

  /** Takes its file away, where it is this one’s. */
  remove(): void {
    if (identityAt(this.path) === this.#file) rmSync(this.path, { force: true });
  }

  async #bind(listen: () => Promise<void>): Promise<void> {
    const { path } = this;
    if (await isServed(path))
      throw new VsocketError('already-running', `another vsockd serves ${path}`, 'stop it first');
    try {
      mkdirSync(dirname(path), { recursive: true });
      rmSync(path, { force: true });
      // From the first moment nobody else may connect: the mode is widened after the fact, never narrowed.
      const mask = process.umask(0o177);
      try {
        await listen();
      } finally {
        process.umask(mask);
      }
      chmodSync(path, this.mode);
      this.#file = identityAt(path);
    } catch (error) {
      const remedy = 'vsockd needs a runtimeDirectory that it may write to, with room';
      throw new VsocketError('no-socket', `the socket ${path} cannot be made: ${reasonOf(error)}`, remedy);
    }
  }
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
