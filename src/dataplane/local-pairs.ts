import type { GuestReason } from '../channel/guest-reasons.js';
import { slot } from '../channel/region-layout.js';
import { recordField } from '../ledger/ledger-layout.js';
import { largeBytes } from './busy.js';
import { forClosed, type EndBook } from './end-book.js';
import type { FlowEnd } from './flow-end.js';
import { asksToLeave, freeze, isReady, leavesFrom, showLeft } from './leaving.js';
import { closesWithReset, hasUnread, isClosing, isDrained, pump } from './pump.js';
import type { SocketOwners } from './socket-owners.js';
import {
  passSwitches,
  readSwitches,
  restsOnTcp,
  showStart,
  showStop,
  showStopsPassed,
  showStopsTold,
  stopsTaken,
} from './switches.js';

/** Whether the guest ended its stream before it closed. */
function hasEndedStream(end: FlowEnd): boolean {
  return end.words[end.at(slot.txShut)] === 1;
}

/** A stream that is about to end, ends where it is. */
function isEnding(end: FlowEnd): boolean {
  return hasEndedStream(end) || isClosing(end) || Atomics.load(end.words, end.at(slot.rxEndOfStream)) !== 0;
}

/** Flows whose ends are both on this host: moves their bytes from ring to ring, and ends them as TCP would. */
export class LocalPairs {
  constructor(
    private readonly book: EndBook,
    private readonly owners: SocketOwners,
  ) {}

  /** How often so much was moved at once that rings are no gain where processors are scarce. */
  largeMoves = 0;
  /** Flows belong on TCP now. */
  private isBusy = false;

  /** Also after a restart, for a pair that a kill left half open. */
  join(end: FlowEnd, peer: FlowEnd): void {
    this.link(end, peer);
    this.book.setWord(end, recordField.peer, peer.record + 1);
    this.book.setWord(peer, recordField.peer, end.record + 1);
    if (this.isBusy) this.yieldBoth(end, peer);
    else this.open(end, peer);
  }

  /** From now on flows belong on TCP, or do not any more. */
  setBusy(isBusy: boolean): void {
    this.isBusy = isBusy;
    for (const end of this.book.all()) {
      const { peer } = end;
      if (peer === null || end.record > peer.record) continue; // each pair once
      if (isBusy) this.yieldBoth(end, peer);
      else if (end.yields) this.reopen(end, peer);
    }
  }

  /** Back to TCP until processors are free again: the senders stop, and when the readers have passed that, the rings rest. */
  private yieldBoth(end: FlowEnd, peer: FlowEnd): void {
    const both = [end, peer];
    if (both.some((one) => one.state === 'reset' || one.closed || one.left !== null || isEnding(one))) return;
    for (const one of both) {
      one.yields = one.hasYielded = true;
      this.book.setPath(one, 'tcp', 'busy');
      if (one.allowed) this.book.allowSending(one, false);
    }
  }

  private reopen(end: FlowEnd, peer: FlowEnd): void {
    end.yields = peer.yields = false;
    if (end.left !== null || peer.left !== null || end.state === 'reset' || peer.state === 'reset') return;
    if (end.state === 'waiting') return this.open(end, peer);
    for (const one of [end, peer]) this.book.setPath(one, 'shm', null);
    this.permit(end, peer);
    this.permit(peer, end);
  }

  private open(end: FlowEnd, peer: FlowEnd): void {
    for (const one of [end, peer]) {
      this.book.setPath(one, 'shm', null);
      this.book.setState(one, 'open');
    }
    this.permit(end, peer);
    this.permit(peer, end);
  }

  /** A sender may use its ring once whoever reads at the other end knows of it. */
  private permit(reader: FlowEnd, sender: FlowEnd): void {
    if (sender.allowed || sender.yields || sender.left !== null || !isReady(reader)) return;
    if (sender.starts !== sender.stops || restsOnTcp(sender)) this.book.allowSending(sender, true);
  }

  /** A guest takes its flow back to TCP for good. */
  private leave(end: FlowEnd, reason: GuestReason): void {
    const { peer } = end;
    if (peer !== null) {
      readSwitches(end, this.book.ledger);
      readSwitches(peer, this.book.ledger);
      const wanted = leavesFrom(end);
      if (!peer.closed) freeze(this.book, peer, peer.sent, wanted);
      if (peer.sent < end.received) this.takeBack(end, peer.sent);
      this.tellSwitches(end, peer);
      this.tellSwitches(peer, end);
      showLeft(this.book, peer, reason);
    }
    showLeft(this.book, end, reason);
  }

  /** What a reader has not taken comes again by TCP. */
  private takeBack(end: FlowEnd, received: number): void {
    end.received = received;
    this.book.setNumber(end, recordField.received, received);
  }

  private tellSwitches(from: FlowEnd, to: FlowEnd): void {
    if (from.starts > 0) showStart(to, from.starts, from.startBytes);
    if (from.stops > 0) showStop(to, from.stops, from.stopBytes);
  }

  link(end: FlowEnd, peer: FlowEnd): void {
    end.peer = peer;
    peer.peer = end;
  }

  /** Something happened in the slot of an end: bytes, room, an end. */
  move(end: FlowEnd): void {
    const { peer } = end;
    const reason = end.left === null ? asksToLeave(end) : null;
    if (end.state === 'waiting' && end.yields && peer !== null && isEnding(end)) this.reopen(end, peer);
    if (end.state !== 'open') return;
    if (reason !== null) this.leave(end, reason);
    if (peer !== null) {
      if (end.hasYielded && end.left === null) this.tellOfYielding(end, peer);
      this.permit(end, peer);
      this.deliver(end, peer);
      if (end.peer !== null) this.deliver(peer, end);
    } else if (!end.closed && !isDrained(end)) {
      this.book.resetAfter(true, end, forClosed);
    }
    if (end.vm.flows[end.slot] === end) this.tellEnd(end);
  }

  private tellOfYielding(end: FlowEnd, peer: FlowEnd): void {
    this.tellStops(end, peer);
    this.tellStops(peer, end);
    if (!end.yields || isEnding(end) || isEnding(peer)) return;
    if (!restsOnTcp(end) || !restsOnTcp(peer)) return;
    for (const one of [end, peer]) this.book.setState(one, 'waiting');
  }

  /** A sender that stopped may use TCP once the other end’s reader knows, and its ring anew once that is past the stop. */
  private tellStops(from: FlowEnd, to: FlowEnd): void {
    passSwitches(from, to, this.book.ledger);
    showStopsTold(from, from.stops);
    showStopsPassed(from, stopsTaken(to, from.stops));
  }

  private deliver(from: FlowEnd, to: FlowEnd): void {
    if (from.state !== 'open') return;
    if (!to.closed) {
      const { sent } = from;
      pump(from, to, this.book.ledger);
      if (from.sent - sent >= largeBytes) this.largeMoves++;
      if (from.closed && isDrained(from)) {
        this.tellEnd(to);
        this.release(from);
      }
    } else if (!isDrained(from)) {
      this.book.resetAfter(isDrained(to), from, forClosed);
    }
  }

  /** The receiver saw the end of the TCP stream: when all of the ring is delivered, this is where it ends. */
  private tellEnd(to: FlowEnd): void {
    if (to.final || Atomics.load(to.words, to.at(slot.rxEndOfStream)) === 0) return;
    const from = to.peer;
    if (from !== null && (!isDrained(from) || from.state !== 'open')) return;
    // The FIN of a killed program may come before the word that its process is gone.
    if (from !== null && hasUnread(from) && this.owners.isAbandoned(from)) return this.close(from);
    // Closed with bytes unread: that is no end of the stream but a reset.
    if (from !== null && !from.closed && isClosing(from) && (hasUnread(from) || !isDrained(to))) return;
    this.book.setFinal(to);
  }

  /** The guest’s socket is gone. */
  close(end: FlowEnd): void {
    this.book.setClosed(end);
    const { peer } = end;
    // As TCP does it: a reset does not take back what was sent before; and what was sent before the close came in time.
    if (peer && !peer.closed && end.state === 'open') {
      pump(end, peer, this.book.ledger);
      if (!peer.final) pump(peer, end, this.book.ledger);
    }
    const why = closesWithReset(end)
      ? 'closed with a reset'
      : hasUnread(end)
        ? 'closed with bytes unread'
        : null;
    if (end.state !== 'open' || peer === null || peer.closed || why !== null) {
      if (peer && !peer.closed && end.state === 'open' && why !== null)
        this.book.resetAfter(hasEndedStream(end) && isDrained(end), peer, why);
      this.release(end);
      if (peer?.closed) this.release(peer);
      return;
    }
    this.deliver(end, peer);
    if (end.peer !== null && !isDrained(peer)) this.book.resetAfter(isDrained(end), peer, forClosed);
  }

  private release(end: FlowEnd): void {
    const { peer } = end;
    if (peer) {
      peer.peer = null;
      end.peer = null;
      this.book.setWord(peer, recordField.peer, 0);
      if (peer.state === 'open' && !peer.closed) this.afterPeer(peer);
    }
    this.book.release(end);
  }

  /** The other end is gone and all it wrote is here: what this one writes now is answered by a reset. */
  afterPeer(end: FlowEnd): void {
    if (!isDrained(end)) this.book.resetAfter(true, end, forClosed);
    else this.tellEnd(end);
  }
}
