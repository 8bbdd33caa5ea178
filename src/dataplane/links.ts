import type { LinkConfig } from '../config/host-config.js';
import type { Directory } from '../directory/directory.js';
import { LinkHub } from '../link/link-hub.js';
import type { Link, LinkEvents } from '../link/link.js';
import type { QueuePairSource } from '../link/rdma/queue-pairs.js';
import type { EndBook } from './end-book.js';
import type { LocalPairs } from './local-pairs.js';
import { LinkBoard } from './remote/link-board.js';
import { RemoteFlows } from './remote/remote-flows.js';
import type { SocketOwners } from './socket-owners.js';

export interface LinksNeeds {
  ownName: string;
  version: string;
  config: LinkConfig;
  directory: Directory;
  queuePairs: QueuePairSource;
  owners: SocketOwners;
}

/** How often the ledger gets what each queue pair carried, while it changes. */
const countMilliseconds = 1000;

/** The links to other hosts, and the flows that go over them. */
export class Links {
  readonly flows: RemoteFlows;
  private readonly hub: LinkHub;

  constructor(book: EndBook, pairs: LocalPairs, needs: LinksNeeds) {
    const { directory, queuePairs } = needs;
    this.flows = new RemoteFlows(book, pairs, {
      link: (host) => this.hub.link(host),
      directory,
      queuePairs,
      owners: needs.owners,
    });
    const board = new LinkBoard(book.ledger);
    const { flows } = this;
    const { transfers } = flows;
    const events: LinkEvents = {
      up: (link) => {
        this.hub.steady(link);
        book.log('info', 'link up', this.describe(link));
        flows.up(link);
      },
      down: (link) => {
        book.log('warn', 'link down', this.describe(link));
        flows.down(link);
      },
      status: (link) => board.show(link),
      end: (link, state) => flows.end(link, state),
      gone: (link, message) => flows.gone(link, message),
      data: (link, handle, position, bytes) => transfers.data(link, handle, position, bytes),
      arrived: (link, handle, byteCount) => transfers.arrived(link, handle, byteCount),
      sent: (link, handle, byteCount) => transfers.sent(link, handle, byteCount),
      credit: (link, handle, received, tail) => transfers.credit(link, handle, received, tail),
      creditUnits: (link, handle, tailUnits) => transfers.creditUnits(link, handle, tailUnits),
      room: (link) => transfers.room(link),
    };
    this.hub = new LinkHub({ ...needs, events }, directory);
    directory.onChange(() => flows.locate());
    setInterval(() => this.hub.links().forEach((link) => board.count(link)), countMilliseconds);
  }

  /** @throws VsocketError when the link’s address cannot be listened on */
  start(): Promise<void> {
    return this.hub.start();
  }

  private describe(link: Link): Record<string, unknown> {
    return { host: link.host, ...link.status };
  }
}
