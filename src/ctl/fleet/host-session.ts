import { connectHost, type ConnectOptions } from '../ssh/connect.js';
import type { SshConnection } from '../ssh/ssh-connection.js';
import { ChannelAgent } from './http-channel.js';

/** One SSH connection to a host, with the channels to vsockd's two sockets in it. What ends takes all along. */
export class HostSession {
  readonly readers: ChannelAgent;
  /** Each request gets a channel of its own: one that vsockd has closed meanwhile would leave it open what was done. */
  readonly admins: ChannelAgent;

  private constructor(
    private readonly connection: SshConnection,
    socketDirectory: string,
  ) {
    this.readers = new ChannelAgent(true, () => connection.openUnixSocket(`${socketDirectory}/read.sock`));
    this.admins = new ChannelAgent(false, () => connection.openUnixSocket(`${socketDirectory}/admin.sock`));
  }

  static async open(name: string, socketDirectory: string, options: ConnectOptions): Promise<HostSession> {
    return new HostSession(await connectHost(name, options), socketDirectory);
  }

  get isOpen(): boolean {
    return this.connection.isOpen;
  }

  close(): void {
    this.readers.destroy();
    this.admins.destroy();
    this.connection.close();
  }
}
