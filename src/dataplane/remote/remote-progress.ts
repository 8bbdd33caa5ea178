import { ringBytes, slot } from '../../channel/region-layout.js';
import { recordField } from '../../ledger/ledger-layout.js';
import type { GuestReason } from '../../channel/guest-reasons.js';
import type { Link } from '../../link/link.js';
import type { RingTarget } from '../../link/messages.js';
import { forClosed, type EndBook } from '../end-book.js';
import type { FlowEnd } from '../flow-end.js';
import { endFaulty } from '../flow-fault.js';
import { GuestFault } from '../guest-fault.js';
import { asksToLeave, freeze, showLeft } from '../leaving.js';
import { isDrained, readerBytes, showReceived, showSent } from '../pump.js';
import { readSwitches, showStop } from '../switches.js';
import { describeEnd, newsFlags, newsFollowed, newsSwitches } from './end-state.js';
import type { FarEnd } from './far-end.js';
import type { RingSender } from './ring-sender.js';

/** A reader that took so much is worth a word to the sender. */
const creditBytes = ringBytes / 4;

/** What is done for one end of a flow between hosts, by what is known of both of its ends; and what is told of it. */
export class RemoteProgress {
  constructor(
    private readonly book: EndBook,
    private readonly sender: RingSender,
    private readonly link: (host: string) => Link | null,
  ) {}

  linkOf(end: FlowEnd): Link | null {
    return end.farHost === null ? null : this.link(end.farHost);
  }

  /** Does all that is due for an end, by what is known of both. */
  settle(end: FlowEnd): void {
    const { far } = end;
    const link = this.linkOf(end);
    if (far === null || link === null) return;
    const asked = end.left === null ? asksToLeave(end) : null;
    if (end.state === 'open') {
      if (end.left === null && !far.agreed) readSwitches(end, this.book.ledger);
      this.showEnds(end, far);
      if (link.isUp) this.permit(end, far, link);
      if (far.synced && end.left === null) this.leave(end, far, asked);
      if (far.closedAt === null) {
        if (far.synced && end.starts > 0) this.sender.push(end, far, link);
      } else if (!end.closed && !isDrained(end) && end.received >= far.closedAt) {
        this.book.resetAfter(true, end, forClosed);
      }
      // A closed end needs no credit; one that came late would meet the next flow that has its number.
      if (far.synced && far.closedAt === null) this.giveCredit(end, far);
    }
    if (far.synced && this.hasNews(end, far)) this.announce(end);
    this.releaseIfOver(end, far, link);
  }

  /** Where the other end’s ring pauses or ends, once all before it is here. */
  private showEnds(end: FlowEnd, far: FarEnd): void {
    if (far.stops !== far.stopsShown) {
      far.stopsShown = far.stops;
      showStop(end, far.stops, far.stopBytes);
      end.vm.notify(end);
    }
    if (end.final || Atomics.load(end.words, end.at(slot.rxEndOfStream)) === 0) return;
    const endsAt = far.endBytes ?? far.closedAt;
    if (endsAt !== null && end.received >= endsAt) this.book.setFinal(end);
  }

  /** Whether the guest may use its ring: while there is a path, and not again before both ends are back on TCP. */
  private permit(end: FlowEnd, far: FarEnd, link: Link): void {
    const wasLeaving = far.leaving;
    if (link.path === null) far.leaving = true;
    else if (far.leaving && end.starts === end.stops && far.stopsTaken === end.stops) far.leaving = false;
    const allowed =
      far.open && far.ready && !far.agreed && end.left === null && !far.leaving && link.path !== null;
    if (far.leaving !== wasLeaving) this.showPath(end);
    if (allowed === far.allowed || (!allowed && !far.leaving)) return;
    far.allowed = allowed;
    this.book.allowSending(end, allowed);
  }

  /**
   * Back to TCP for good. Each end that is asked stops its own ring, and says so; each uses TCP once it knows where the
   * other one’s ring stops and that the other one knows the same.
   */
  private leave(end: FlowEnd, far: FarEnd, asked: GuestReason | null): void {
    if (far.leaves !== null && !far.agreed) {
      // What is still underway could not be taken back.
      if (far.leavesFrom !== null && far.posted !== end.sent) return;
      freeze(this.book, end, far.posted, far.leavesFrom);
      if (end.frozenAt !== null) far.posted = Math.min(far.posted, end.frozenAt);
      far.agreed = true;
      this.book.allowSending(end, false);
    }
    const reason = asked ?? far.leaves;
    const isTold = asked === null ? far.agreed && far.left : far.agrees || far.left;
    if (reason === null || !isTold || far.stops !== far.stopsShown) return;
    if (far.stops > 0 && far.stopBytes < end.received) {
      end.received = far.stopBytes;
      this.book.setNumber(end, recordField.received, end.received);
    }
    showLeft(this.book, end, reason);
  }

  private giveCredit(end: FlowEnd, far: FarEnd): void {
    const tail = readerBytes(end);
    if (tail - far.toldTail >= creditBytes) return this.tellCredit(end, tail);
    if (end.received - far.toldTail < ringBytes / 2) return;
    Atomics.store(end.words, end.rxBlocked, 1); // the guest rings when it has read enough
    const now = readerBytes(end);
    if (now - far.toldTail >= creditBytes) this.tellCredit(end, now);
  }

  tellCredit(end: FlowEnd, tail: number): void {
    const link = this.linkOf(end);
    if (end.far !== null && link !== null && this.sender.credit(end, end.far, link, tail))
      end.far.toldTail = tail;
  }

  /** Both ends are done with each other: the slot may be used anew. */
  private releaseIfOver(end: FlowEnd, far: FarEnd, link: Link): void {
    if (!end.closed || !far.done) return;
    if (end.state === 'open' && far.closedAt === null && !isDrained(end)) return;
    const other = far.cookie === null ? null : { handle: far.handle, cookie: far.cookie };
    const cookie = end.cookie.toString();
    link.session?.send({ type: 'gone', handle: end.record, cookie, far: other });
    end.far = null;
    this.book.release(end);
  }

  count(end: FlowEnd, byteCount: number): void {
    end.received += byteCount;
    this.book.setNumber(end, recordField.received, end.received);
    showReceived(end);
  }

  advance(end: FlowEnd, sent: number): void {
    end.sent = sent;
    this.book.setNumber(end, recordField.sent, sent);
    showSent(end);
  }

  private hasNews(end: FlowEnd, far: FarEnd): boolean {
    return (
      newsFlags(end, far) !== far.toldFlags ||
      newsSwitches(end) !== far.toldSwitches ||
      newsFollowed(end, far) !== far.toldFollowed
    );
  }

  announce(end: FlowEnd): void {
    const link = this.linkOf(end);
    if (!link?.isUp) return;
    // Before the message is made: what the guest says meanwhile is news still, though the message may have it.
    const { far } = end;
    if (far !== null) {
      far.toldFlags = newsFlags(end, far);
      far.toldSwitches = newsSwitches(end);
      far.toldFollowed = newsFollowed(end, far);
    }
    try {
      link.session?.send(describeEnd(end, this.ringOf(end, link)));
    } catch (error) {
      if (!(error instanceof GuestFault)) throw error;
      this.book.reset(end, error.message);
      link.session?.send(describeEnd(end, this.ringOf(end, link)));
    }
  }

  private ringOf(end: FlowEnd, link: Link): RingTarget | null {
    if (link.path !== 'rdma') return null;
    const ring = this.sender.keyed(end, link, 'receive');
    return ring && { address: ring.address, key: ring.remoteKey };
  }

  /** What an operator sees: the path of new bytes, or why they are on TCP or do not move. */
  showPath(end: FlowEnd): void {
    if (end.left !== null) return this.book.setPath(end, 'tcp', end.left);
    const link = this.linkOf(end);
    const { far } = end;
    if (!link?.isUp) {
      if (far === null || far.leaving) this.book.setPath(end, 'tcp', 'link-down');
      else this.book.setReason(end, 'link-down');
      return;
    }
    const usable = link.path !== null;
    const lack = link.lacksHardwareOnly ? 'software-rdma' : 'no-rdma';
    if (far === null) this.book.setPath(end, 'tcp', usable ? 'peer-without-vsocket' : lack);
    else if (!usable || far.leaving) this.book.setPath(end, 'tcp', usable ? 'returning' : lack);
    else this.book.setPath(end, link.path ?? 'tcp', null);
    this.book.setWord(end, recordField.queuePair, link.queuePairs?.numberFor(end.record) ?? 0);
  }

  /** Whatever goes wrong ends this flow, and nothing else. */
  guard(end: FlowEnd, act: () => void): void {
    try {
      act();
    } catch (error) {
      endFaulty(this.book, end, error, (faulty, why) => {
        this.book.reset(faulty, why);
        this.announce(faulty);
      });
    }
  }
}
