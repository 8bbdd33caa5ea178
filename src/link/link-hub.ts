import type { Server, TLSSocket } from 'node:tls';
import type { Directory, HostAddress } from '../directory/directory.js';
import { Link, type LinkNeeds } from './link.js';
import { certifiedName, dialLink, listenForLinks, readCredentials } from './link-tls.js';

const shortestPauseMilliseconds = 50;
const longestPauseMilliseconds = 5000;

interface Peer {
  link: Link;
  address: HostAddress;
  pauseMilliseconds: number;
  timer: NodeJS.Timeout | null;
  dialling: boolean;
}

/** The links to all other hosts of the directory. Of two hosts, the one whose name comes first dials. */
export class LinkHub {
  readonly #peers = new Map<string, Peer>();
  readonly #credentials: ReturnType<typeof readCredentials>;
  #server: Server | null = null;
  #closed = false;

  constructor(
    private readonly needs: LinkNeeds,
    private readonly directory: Directory,
  ) {
    this.#credentials = readCredentials(needs.config);
    directory.onChange(() => this.#follow());
  }

  /** @throws VsocketError when the address cannot be listened on */
  async start(): Promise<void> {
    this.#server = await listenForLinks(this.needs.config, this.#credentials, (socket) =>
      this.#accept(socket),
    );
    this.#follow();
  }

  link(host: string): Link | null {
    return this.#peers.get(host)?.link ?? null;
  }

  links(): Link[] {
    return [...this.#peers.values()].map(({ link }) => link);
  }

  close(): void {
    this.#closed = true;
    this.#server?.close();
    for (const peer of this.#peers.values()) this.#drop(peer, 'vsockd ends');
  }

  /** Takes up hosts that are new in the directory, and lets go of those that are gone or moved. */
  #follow(): void {
    const hosts = new Map(this.directory.hosts().map((host) => [host.name, host]));
    hosts.delete(this.needs.ownName);
    for (const [name, peer] of this.#peers) {
      const now = hosts.get(name);
      if (now && now.address === peer.address.address && now.port === peer.address.port) continue;
      this.#peers.delete(name);
      this.#drop(peer, 'the directory changed');
    }
    for (const [name, address] of hosts) {
      if (this.#peers.has(name)) continue;
      const link = new Link(name, this.needs, () => this.#dialSoon(name));
      this.#peers.set(name, {
        link,
        address,
        pauseMilliseconds: shortestPauseMilliseconds,
        timer: null,
        dialling: false,
      });
      this.needs.events.status(link);
      this.#dialSoon(name);
    }
  }

  #drop(peer: Peer, reason: string): void {
    if (peer.timer !== null) clearTimeout(peer.timer);
    peer.link.close(reason);
  }

  #dialSoon(name: string): void {
    const peer = this.#peers.get(name);
    if (!peer || this.#closed || peer.dialling || this.needs.ownName > name) return;
    if (peer.timer !== null) clearTimeout(peer.timer);
    peer.timer = setTimeout(() => void this.#dial(peer), peer.pauseMilliseconds);
    peer.pauseMilliseconds = Math.min(2 * peer.pauseMilliseconds, longestPauseMilliseconds);
  }

  async #dial(peer: Peer): Promise<void> {
    const { name, address, port } = peer.address;
    peer.dialling = true;
    try {
      const socket = await dialLink(peer.address, this.#credentials);
      peer.dialling = false;
      if (this.#closed || this.#peers.get(name) !== peer) return void socket.destroy();
      peer.link.begin(socket);
    } catch (error) {
      peer.dialling = false;
      peer.link.setReason(`${address} port ${port}: ${(error as Error).message}`);
      this.#dialSoon(name);
    }
  }

  /** Called by a link that is up: the next time that it breaks it is dialled at once. */
  steady(link: Link): void {
    const peer = this.#peers.get(link.host);
    if (peer) peer.pauseMilliseconds = shortestPauseMilliseconds;
  }

  #accept(socket: TLSSocket): void {
    socket.on('error', () => undefined);
    const name = certifiedName(socket);
    const peer = name === null ? undefined : this.#peers.get(name);
    if (!peer) return void socket.destroy(); // certified, but not in the directory
    peer.link.begin(socket);
  }
}
