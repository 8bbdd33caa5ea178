import type { Socket } from 'node:net';
import type { LinkConfig } from '../config/host-config.js';
import { protocol, type ControlMessage, type EndState, type Gone, type Hello } from './messages.js';
import type { QueuePairs, QueuePairSource } from './rdma/queue-pairs.js';
import { isSoftwareReason } from './rdma/software-rdma.js';
import { Session } from './session.js';

/** How flows to a host travel now; null: the link carries none. */
export type LinkPath = 'rdma' | 'link' | null;

export interface LinkStatus {
  state: 'down' | 'connecting' | 'up';
  path: LinkPath;
  reason: string | null;
}

export interface LinkEvents {
  /** A session begins: both hosts know the path, and nothing that went before it can still arrive. */
  up(link: Link): void;
  /** It ended; nothing of ours is under way any more. */
  down(link: Link): void;
  end(link: Link, state: EndState): void;
  gone(link: Link, message: Gone): void;
  data(link: Link, handle: number, position: number, bytes: Buffer): void;
  arrived(link: Link, handle: number, byteCount: number): void;
  sent(link: Link, handle: number, byteCount: number): void;
  credit(link: Link, handle: number, received: number, tail: number): void;
  creditUnits(link: Link, handle: number, tailUnits: number): void;
  room(link: Link): void;
  status(link: Link): void;
}

export interface LinkNeeds {
  ownName: string;
  version: string;
  config: LinkConfig;
  queuePairs: QueuePairSource;
  events: LinkEvents;
}

const helloMilliseconds = 5000;
/** A session that does not get bytes through its queue pairs in this time does without them. */
const proofMilliseconds = 3000;
/** How often a session without RDMA looks whether this host could offer it. */
const lookMilliseconds = 1000;

/**
 * The link to one other host. There is one mechanism for everything that goes wrong or changes, with the connection,
 * with RDMA, with the other host: the session ends with its queue pairs, and a new one begins, in which both sides
 * say what they can and where every flow stands.
 */
export class Link {
  #session: Session | null = null;
  #pairs: QueuePairs | null = null;
  #hello: Hello | null = null;
  #proven = false;
  #otherProven = false;
  #up = false;
  #deadline: NodeJS.Timeout | null = null;
  #look: NodeJS.Timeout | null = null;
  /** Why this host offered no RDMA in this session: what was true when it said hello, not what is true later. */
  #lack: string | null = null;
  #status: LinkStatus = { state: 'down', path: null, reason: 'not connected yet' };

  constructor(
    /** The other host. */
    readonly host: string,
    private readonly needs: LinkNeeds,
    private readonly ended: (link: Link) => void,
  ) {}

  get status(): LinkStatus {
    return this.#status;
  }

  get isUp(): boolean {
    return this.#up;
  }

  get path(): LinkPath {
    return this.#up ? this.#status.path : null;
  }

  /** The queue pairs that carry flows now. */
  get queuePairs(): QueuePairs | null {
    return this.path === 'rdma' ? this.#pairs : null;
  }

  /** Whether it has no RDMA only because a device is software. */
  get lacksHardwareOnly(): boolean {
    const lacks = [this.#lack, this.#hello?.rdmaReason ?? null].filter((lack) => lack !== null);
    return lacks.length > 0 && lacks.every(isSoftwareReason);
  }

  /** The stream for control, and for data while `path` is `link` or a ring has to be emptied. */
  get session(): Session | null {
    return this.#up ? this.#session : null;
  }

  /** Why there is no session, when dialling failed. */
  setReason(reason: string): void {
    if (this.#session === null) this.#setStatus({ state: 'down', path: null, reason });
  }

  /** A new connection; an old one is dead if the other host makes a new one. */
  begin(socket: Socket): void {
    this.close('a new connection took its place');
    const { config, events, ownName, version } = this.needs;
    const session = new Session(socket, config.keepaliveMilliseconds, {
      message: (message) => this.#take(message),
      data: (handle, position, bytes) => events.data(this, handle, position, bytes),
      credit: (handle, received, tail) => events.credit(this, handle, received, tail),
      room: () => events.room(this),
      ended: (reason) => this.#end(session, reason),
    });
    this.#session = session;
    this.#setStatus({ state: 'connecting', path: null, reason: null });
    this.#openPairs();
    session.send({
      type: 'hello',
      protocol,
      version,
      host: ownName,
      carryWithoutRdma: config.carryWithoutRdma,
      rdma: this.#pairs?.offer ?? null,
      rdmaReason: this.#lack?.slice(0, 200) ?? null,
    });
    this.#within(helloMilliseconds, () => session.close('no hello'));
  }

  #openPairs(): void {
    const { events, queuePairs } = this.needs;
    const isReady = queuePairs.isReady(this.host);
    const pairs = isReady
      ? queuePairs.open({
          proven: () => this.#prove(),
          arrived: (handle, byteCount) => events.arrived(this, handle, byteCount),
          sent: (handle, byteCount) => events.sent(this, handle, byteCount),
          credit: (handle, tailUnits) => events.creditUnits(this, handle, tailUnits),
          room: () => events.room(this),
          failed: (reason) => this.failRdma(reason),
        })
      : queuePairs.reasonFor(this.host);
    this.#pairs = typeof pairs === 'string' ? null : pairs;
    this.#lack = typeof pairs === 'string' ? pairs : null;
    if (isReady && this.#lack !== null) queuePairs.blame(this.host, this.#lack);
  }

  /** Ends the session, if there is one. */
  close(reason: string): void {
    this.#session?.close(reason);
  }

  #take(message: ControlMessage): void {
    if (message.type === 'hello') return this.#meet(message);
    if (this.#hello === null) return this.#session?.close('no hello before other messages');
    switch (message.type) {
      case 'rdma-ready':
        this.#pairs?.prove();
        return;
      case 'rdma-proven':
        this.#otherProven = true;
        return this.#check();
      case 'end':
        return this.needs.events.end(this, message);
      case 'gone':
        return this.needs.events.gone(this, message);
    }
  }

  #meet(hello: Hello): void {
    if (this.#hello !== null) return this.#session?.close('a second hello');
    if (hello.host !== this.host)
      return this.#session?.close(
        `it calls itself ${JSON.stringify(hello.host)}, its certificate ${this.host}`,
      );
    if (hello.protocol.lowest > protocol.highest || hello.protocol.highest < protocol.lowest)
      return this.#session?.close(
        `it speaks link protocol ${hello.protocol.lowest} to ${hello.protocol.highest} (vsockd ${hello.version.replace(/\p{C}/gu, '')}), this host ${protocol.lowest} to ${protocol.highest}`,
      );
    this.#hello = hello;
    if (hello.rdma === null || this.#pairs === null) return this.#check();
    try {
      this.#pairs.connect(hello.rdma);
    } catch (error) {
      return this.failRdma((error as Error).message);
    }
    this.#within(proofMilliseconds, () => this.failRdma('no bytes came through over RDMA'));
    this.#session?.send({ type: 'rdma-ready' });
  }

  /** Bytes went through our queue pairs. */
  #prove(): void {
    this.#proven = true;
    this.#session?.send({ type: 'rdma-proven' });
    this.#check();
  }

  #check(): void {
    const hello = this.#hello;
    if (hello === null || this.#up) return;
    const both = hello.rdma !== null && this.#pairs !== null;
    if (both && !(this.#proven && this.#otherProven)) return;
    this.#within(null);
    if (!both) this.#dropPairs();
    const carry = hello.carryWithoutRdma && this.needs.config.carryWithoutRdma;
    const other = hello.rdmaReason?.replace(/\p{C}/gu, '') ?? null;
    const why = [this.#lack, other && `${this.host}: ${other}`].filter(Boolean).join('; ');
    this.#up = true;
    this.#setStatus({
      state: 'up',
      path: both ? 'rdma' : carry ? 'link' : null,
      reason: both ? null : why,
    });
    if (this.#lack !== null) this.#look = setInterval(() => this.#lookForRdma(), lookMilliseconds);
    this.needs.events.up(this);
  }

  /** This host could not offer RDMA when the session began, and now it can. */
  #lookForRdma(): void {
    if (this.needs.queuePairs.isReady(this.host)) this.close('RDMA can be used now');
  }

  /** RDMA went wrong; the next session does without it for a while. */
  failRdma(reason: string): void {
    this.needs.queuePairs.blame(this.host, reason);
    this.close(reason.slice(0, 200));
  }

  #end(session: Session, reason: string): void {
    if (this.#session !== session) return;
    this.#within(null);
    if (this.#look !== null) clearInterval(this.#look);
    this.#look = null;
    this.#dropPairs();
    const wasUp = this.#up;
    this.#session = null;
    this.#hello = null;
    this.#proven = this.#otherProven = this.#up = false;
    this.#setStatus({ state: 'down', path: null, reason });
    if (wasUp) this.needs.events.down(this);
    this.ended(this);
  }

  #dropPairs(): void {
    this.#pairs?.destroy();
    this.#pairs = null;
  }

  #within(milliseconds: number | null, act?: () => void): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = milliseconds === null || !act ? null : setTimeout(act, milliseconds);
  }

  #setStatus(status: LinkStatus): void {
    this.#status = status;
    this.needs.events.status(this);
  }
}
