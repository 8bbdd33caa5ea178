import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { orAborted } from '../async/or-aborted.js';
import type { VsocketError } from '../../errors/vsocket-error.js';
import { unreachableError } from './ssh-errors.js';

/**
 * Calls back when a client carries nothing any more. Behind a jump host or a command, a far end that is gone is an
 * `end` without a `close`: our own half stays open. @returns undoes it
 */
export function onceEnded(client: Client, listener: () => void): () => void {
  client.once('end', listener).once('close', listener);
  return () => void client.off('end', listener).off('close', listener);
}

/** One authenticated SSH connection to a host. Everything vsockctl does on the host is a channel in it. */
export class SshConnection {
  #closed: Error | null = null;
  /** Channels that are being opened. */
  readonly #opening = new Set<(error: Error) => void>();

  constructor(
    readonly name: string,
    private readonly client: Client,
    private readonly transport: Duplex,
    /** The connection that this one goes through, which ends with it. */
    private readonly jump: SshConnection | null,
  ) {
    client.on('error', (error) => {
      this.#closed ??= unreachableError(
        'connection-lost',
        `the connection was lost: ${error.message}`,
        'try again',
      );
    });
    onceEnded(client, () => this.#lose());
  }

  get isOpen(): boolean {
    return this.#closed === null;
  }

  /** A channel to a Unix socket on the host (direct-streamlocal@openssh.com, OpenSSH’s PROTOCOL, section 2.4). */
  openUnixSocket(path: string): Promise<Duplex> {
    // sshd gives one and the same answer for all of these.
    const remedy =
      'check that vsockd runs, that this user may use its socket, and sshd’s AllowStreamLocalForwarding';
    const refused = (cause: Error): VsocketError => {
      const detail = cause.message.replace(/^\(SSH\) Channel open failure: /, '');
      return unreachableError('socket-failed', `cannot open ${path} (${detail})`, remedy);
    };
    return this.#open((done) => this.client.openssh_forwardOutStreamLocal(path, done), refused);
  }

  /** A channel to a TCP port as seen from the host, for ProxyJump. */
  openTcp(address: string, port: number, signal: AbortSignal): Promise<Duplex> {
    const refused = (cause: Error): VsocketError =>
      unreachableError(
        'jump-failed',
        `${this.name} cannot reach ${address} port ${String(port)}: ${cause.message}`,
        'check the jump host',
      );
    const opened = this.#open((done) => this.client.forwardOut('127.0.0.1', 0, address, port, done), refused);
    return orAborted(opened, signal);
  }

  close(): void {
    this.#closed ??= unreachableError('connection-closed', 'the connection was closed', '');
    this.client.end();
    // Not the client's own destroy(): that does nothing once the writing half has ended.
    this.#lose();
  }

  #lose(): void {
    this.#closed ??= unreachableError('connection-lost', 'the host closed the connection', 'try again');
    this.transport.destroy();
    this.jump?.close();
    for (const giveUp of this.#opening) giveUp(this.#closed);
    this.#opening.clear();
  }

  #open(
    start: (done: (error: Error | undefined, channel: ClientChannel) => void) => unknown,
    explain: (cause: Error) => VsocketError,
  ): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) return reject(this.#closed);
      // When the connection ends with the request still open, ssh2 never calls back.
      this.#opening.add(reject);
      start((error, channel) => {
        this.#opening.delete(reject);
        if (error !== undefined) reject(explain(error));
        else resolve(channel);
      });
    });
  }
}
