import { ringBytes } from '../../channel/region-layout.js';
import type { Directory } from '../../directory/directory.js';
import { recordField } from '../../ledger/ledger-layout.js';
import type { Link } from '../../link/link.js';
import type { EndState, Gone } from '../../link/messages.js';
import type { QueuePairSource } from '../../link/rdma/queue-pairs.js';
import { flowKey } from '../claim.js';
import type { EndBook } from '../end-book.js';
import type { FlowEnd } from '../flow-end.js';
import { GuestFault } from '../guest-fault.js';
import type { LocalPairs } from '../local-pairs.js';
import { closesWithReset, freeSpace, hasUnread, readerBytes, unsentBytes } from '../pump.js';
import type { SocketOwners } from '../socket-owners.js';
import { showStart, showStopsPassed, showStopsTold } from '../switches.js';
import { FarEnd } from './far-end.js';
import { RemoteProgress } from './remote-progress.js';
import { RemoteTransfers } from './remote-transfers.js';
import { RingSender } from './ring-sender.js';

/** An end of another host that waits for its other end here. */
interface Waiting {
  link: Link;
  state: EndState;
}

export interface RemoteNeeds {
  /** The link to a host, where there is one. */
  link: (host: string) => Link | null;
  directory: Directory;
  queuePairs: QueuePairSource;
  owners: SocketOwners;
}

/** How long an end that was closed here waits for a host that is not there. */
const patienceMilliseconds = 60_000;

/**
 * Flows whose other end is on another host. Each side tells the other the whole state of its end whenever there is
 * news (`EndState`), and acts on its own end by what it knows of the other: no step depends on a message’s order.
 */
export class RemoteFlows {
  /** By the key of the end that is awaited here. */
  private readonly waiting = new Map<string, Waiting>();
  private readonly downSince = new Map<string, number>();
  private readonly sender: RingSender;
  private readonly progress: RemoteProgress;
  /** Their bytes, as the links tell of them. */
  readonly transfers: RemoteTransfers;

  constructor(
    private readonly book: EndBook,
    private readonly pairs: LocalPairs,
    private readonly needs: RemoteNeeds,
  ) {
    this.sender = new RingSender(needs.queuePairs);
    this.progress = new RemoteProgress(book, this.sender, needs.link);
    this.transfers = new RemoteTransfers(book, this.sender, this.progress);
  }

  /** An end was claimed, or is known from before a restart; its other end is on `host`. */
  take(end: FlowEnd, host: string): void {
    end.farHost = host;
    this.progress.showPath(end);
    this.progress.announce(end);
    this.match(end);
  }

  /** After a restart: the ledger knows the other end. */
  adopt(end: FlowEnd, host: string, handle: number, onTcp: boolean): void {
    const far = new FarEnd(host, handle, null);
    far.posted = end.sent;
    far.leaving = onTcp;
    far.allowed = !onTcp && end.left === null && end.frozenAt === null;
    far.agreed = end.frozenAt !== null;
    end.far = far;
    end.farHost = host;
  }

  /** Something happened in the slot of an end. */
  move(end: FlowEnd): void {
    if (end.far !== null) this.progress.settle(end);
  }

  /** The guest’s socket is gone. */
  close(end: FlowEnd): void {
    if (end.far === null) {
      const other = this.waiting.get(end.key)?.state;
      const far = other ? { handle: other.handle, cookie: other.cookie } : null;
      this.progress
        .linkOf(end)
        ?.session?.send({ type: 'gone', handle: end.record, cookie: end.cookie.toString(), far });
      return this.book.release(end);
    }
    this.markClosed(end);
    this.progress.settle(end);
  }

  private markClosed(end: FlowEnd): void {
    this.book.setClosed(end);
    if (end.state !== 'open') return;
    if (closesWithReset(end)) this.book.reset(end, 'closed with a reset');
    else if (hasUnread(end)) this.book.reset(end, 'closed with bytes unread');
  }

  /** The other host is told, too. */
  reset(end: FlowEnd, why: string): void {
    this.book.reset(end, why);
    if (end.far !== null) this.progress.settle(end);
  }

  /** Lets go of ends that were closed and whose other host has been away for long. */
  sweep(): void {
    for (const end of [...this.book.all()]) {
      const since = end.far === null ? undefined : this.downSince.get(end.far.host);
      if (end.closed && since !== undefined && performance.now() - since > patienceMilliseconds)
        this.book.release(end);
    }
  }

  /** A session begins: everything about flows with that host is told anew. */
  up(link: Link): void {
    this.downSince.delete(link.host);
    for (const end of this.endsWith(link))
      this.progress.guard(end, () => {
        this.progress.showPath(end);
        this.progress.announce(end);
      });
  }

  down(link: Link): void {
    this.downSince.set(link.host, performance.now());
    this.sender.forget(link);
    for (const [key, one] of this.waiting) if (one.link === link) this.waiting.delete(key);
    for (const end of this.endsWith(link)) {
      if (end.far) {
        end.far.synced = false;
        end.far.posted = end.sent;
        end.far.sendRing = null;
        end.far.creditsUnderway = 0;
      }
      this.progress.guard(end, () => this.progress.showPath(end));
    }
  }

  /** The directory changed: ends that wait may have found their host, or lost it. */
  locate(): void {
    for (const end of this.book.all()) {
      if (end.far !== null || end.farHost === null) continue;
      const host = this.needs.directory.find(end.vm.config.vni, end.remoteAddress)?.host ?? null;
      if (host !== null && host !== end.farHost) this.progress.guard(end, () => this.take(end, host));
    }
  }

  /** What the other host says of one of its ends. */
  end(link: Link, state: EndState): void {
    this.needs.queuePairs.takeDone(); // what its NIC wrote before it said this
    if (this.needs.directory.find(state.vni, state.localAddress)?.host !== link.host)
      return this.book.log('warn', 'a host speaks for a VM that is not there by the directory', {
        host: link.host,
        vni: state.vni,
        address: state.localAddress,
      });
    const key = flowKey(
      state.vni,
      state.remoteAddress,
      state.remotePort,
      state.localAddress,
      state.localPort,
    );
    const named = state.farHandle === null ? this.book.withKey(key) : this.book.withRecord(state.farHandle);
    const end = named?.key === key ? named : undefined;
    if (end?.far?.handle === state.handle && end.far.host === link.host) return this.update(end, state);
    if (state.farHandle !== null && (end === undefined || end.far !== null))
      return link.session?.send({
        type: 'gone',
        handle: state.farHandle,
        cookie: null,
        far: { handle: state.handle, cookie: state.cookie },
      });
    this.waiting.set(key, { link, state });
    if (end) this.progress.guard(end, () => this.match(end));
  }

  gone(link: Link, { handle, cookie, far }: Gone): void {
    this.needs.queuePairs.takeDone();
    for (const [key, one] of this.waiting)
      if (one.link === link && one.state.cookie === cookie) this.waiting.delete(key);
    const end = far === null ? undefined : this.book.withRecord(far.handle);
    if (end?.cookie.toString() !== far?.cookie) return;
    if (end?.far?.handle !== handle || end.far.host !== link.host) return;
    const { closedAt, starts } = end.far;
    // An end that was closed before it knew of this one never used the rings.
    const unused = end.starts === 0 && starts === 0;
    const complete = unused || (closedAt !== null && end.received >= closedAt);
    if (end.closed) return this.book.release(end);
    end.far = null;
    end.farHost = null;
    this.book.setWord(end, recordField.farHost, 0);
    if (end.state !== 'open') return;
    this.progress.guard(end, () => {
      if (complete) this.pairs.afterPeer(end);
      else this.book.reset(end, 'the other end is gone');
    });
  }

  private *endsWith(link: Link): Generator<FlowEnd> {
    for (const end of this.book.all()) if (end.farHost === link.host) yield end;
  }

  /** Joins a waiting end with its other end, once that waits or is open, too. */
  private match(end: FlowEnd): void {
    const other = this.waiting.get(end.key);
    if (other === undefined || end.state !== 'waiting' || end.far !== null || end.left !== null) return;
    if (other.state.left) return;
    if (other.state.farHandle !== null && other.state.farHandle !== end.record) return;
    if ((other.link.path === null && other.state.state === 'waiting') || !this.needs.owners.isHeld(end))
      return;
    this.waiting.delete(end.key);
    const { ledger } = this.book;
    end.far = new FarEnd(other.link.host, other.state.handle, other.state.cookie);
    this.book.setWord(end, recordField.farHandle, other.state.handle);
    this.book.setWord(end, recordField.farHost, ledger.linkIndex(other.link.host) + 1);
    this.book.setState(end, 'open');
    this.update(end, other.state);
    this.progress.showPath(end);
  }

  private update(end: FlowEnd, state: EndState): void {
    const { far } = end;
    if (far === null) return;
    this.progress.guard(end, () => {
      if (!far.synced) this.resume(end, far, state);
      if (state.tail > far.posted || far.posted - Math.max(state.tail, far.tail) > ringBytes)
        throw new GuestFault(end, 'the other end says that it read what was never sent');
      far.tail = Math.max(far.tail, state.tail);
      far.ring = state.ring;
      far.cookie = state.cookie;
      const asks = state.asksEnd && !far.asksEnd;
      far.asksEnd = state.asksEnd;
      far.endBytes = state.endBytes;
      far.closedAt = state.closedAt;
      far.done = state.done;
      far.stops = state.stops;
      far.stopBytes = state.stopBytes;
      far.ready = state.ready;
      far.leaves = state.leaves;
      far.leavesFrom = state.leavesFrom;
      far.agrees = state.agrees;
      far.left = state.left;
      far.stopsTaken = Math.min(state.stopsTaken, end.stops);
      showStopsTold(end, Math.min(state.stopsTold ?? state.stopsTaken, end.stops));
      showStopsPassed(end, far.stopsTaken);
      if (state.starts !== far.starts) {
        far.starts = state.starts;
        showStart(end, state.starts, state.startBytes);
        end.vm.notify(end);
      }
      if (state.state === 'reset' && end.state !== 'reset') this.book.reset(end, 'the other end was reset');
      far.open = state.state === 'open' && state.farHandle === end.record;
      // The FIN of a killed program may come to the other end before the word comes here that its process is gone.
      if (asks && !end.closed && hasUnread(end) && this.needs.owners.isAbandoned(end)) this.markClosed(end);
      this.progress.settle(end);
    });
  }

  /**
   * The first word in a session: both sides take the greater count of each direction. What the sender knows to have
   * been written is in the ring, though the receiver was killed before it counted; and the reverse.
   */
  private resume(end: FlowEnd, far: FarEnd, state: EndState): void {
    far.synced = true;
    if (state.sent > end.received) {
      if (state.sent - end.received > freeSpace(end, end.received | 0))
        throw new GuestFault(end, 'the other end sent more than its ring holds');
      this.progress.count(end, state.sent - end.received);
    }
    if (state.received > end.sent && state.received <= (end.frozenAt ?? state.received)) {
      if (state.received - end.sent > unsentBytes(end, end.sent | 0))
        throw new GuestFault(end, 'the other end received more than was sent');
      this.progress.advance(end, state.received);
    }
    far.posted = end.sent;
    far.toldTail = readerBytes(end);
  }
}
