import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import type { VsocketError } from '../../errors/vsocket-error.js';
import { unreachableError } from './ssh-errors.js';

/** One authenticated SSH connection to a host. Everything vsockctl does on the host is a channel in it. */
export class SshConnection {
  #closed: Error | null = null;

  constructor(
    readonly name: string,
    private readonly client: Client,
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
    client.on('close', () => {
      this.#closed ??= unreachableError('connection-lost', 'the host closed the connection', 'try again');
      this.jump?.close();
    });
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
  openTcp(address: string, port: number): Promise<Duplex> {
    const refused = (cause: Error): VsocketError =>
      unreachableError(
        'jump-failed',
        `${this.name} cannot reach ${address} port ${String(port)}: ${cause.message}`,
        'check the jump host',
      );
    return this.#open((done) => this.client.forwardOut('127.0.0.1', 0, address, port, done), refused);
  }

  close(): void {
    this.#closed ??= unreachableError('connection-closed', 'the connection was closed', '');
    this.client.end();
    this.client.destroy();
    this.jump?.close();
  }

  #open(
    start: (done: (error: Error | undefined, channel: ClientChannel) => void) => unknown,
    explain: (cause: Error) => VsocketError,
  ): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) return reject(this.#closed);
      // When the connection ends with the request still open, ssh2 never calls back.
      const lost = (): void =>
        reject(this.#closed ?? unreachableError('connection-lost', 'the connection was lost', 'try again'));
      this.client.once('close', lost);
      start((error, channel) => {
        this.client.removeListener('close', lost);
        if (error !== undefined) reject(explain(error));
        else resolve(channel);
      });
    });
  }
}
