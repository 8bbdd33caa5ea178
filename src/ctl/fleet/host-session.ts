import { connectHost, type ConnectOptions } from '../ssh/connect.js';
import type { SshConnection } from '../ssh/ssh-connection.js';
import { ChannelAgent } from './http-channel.js';

/** One SSH connection to a host, with the channels to vsockd's two sockets in it. What ends takes all along. */
export class HostSession {
  readonly readers: ChannelAgent;
  readonly admins: ChannelAgent;

  private constructor(
    private readonly connection: SshConnection,
    socketDirectory: string,
  ) {
    this.readers = new ChannelAgent(() => connection.openUnixSocket(`${socketDirectory}/read.sock`));
    this.admins = new ChannelAgent(() => connection.openUnixSocket(`${socketDirectory}/admin.sock`));
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
