import { ringBytes, rxRingOffset } from '../../channel/region-layout.js';
import type { Link } from '../../link/link.js';
import type { EndBook } from '../end-book.js';
import type { FlowEnd } from '../flow-end.js';
import { GuestFault } from '../guest-fault.js';
import { freeSpace, readerBytes } from '../pump.js';
import type { RemoteProgress } from './remote-progress.js';
import type { RingSender } from './ring-sender.js';

/** Bytes of flows between hosts, and the room for them, as they come and go by a NIC or a link’s stream. */
export class RemoteTransfers {
  constructor(
    private readonly book: EndBook,
    private readonly sender: RingSender,
    private readonly progress: RemoteProgress,
  ) {}

  /** The other host’s NIC wrote into an end’s ring. */
  arrived(link: Link, handle: number, byteCount: number): void {
    const end = this.endOf(link, handle);
    if (end === null) return;
    this.progress.guard(end, () => {
      if (end.state === 'open' && byteCount > freeSpace(end, end.received | 0))
        throw new GuestFault(end, 'more bytes came than its ring holds');
      this.progress.count(end, byteCount);
      this.progress.settle(end);
    });
  }

  /** Ring bytes over the link’s stream. */
  data(link: Link, handle: number, position: number, bytes: Buffer): void {
    const end = this.endOf(link, handle);
    if (end === null) return;
    if (position !== end.received)
      return link.close(`bytes from ${position} on came where ${end.received} was next`);
    this.progress.guard(end, () => {
      if (end.state === 'open') {
        if (bytes.length > freeSpace(end, end.received | 0))
          throw new GuestFault(end, 'more bytes came than its ring holds');
        const ring = rxRingOffset(end.slot);
        const offset = position & (ringBytes - 1);
        const first = Math.min(bytes.length, ringBytes - offset);
        end.vm.bytes.set(bytes.subarray(0, first), ring + offset);
        end.vm.bytes.set(bytes.subarray(first), ring);
      }
      this.progress.count(end, bytes.length);
      this.progress.tellCredit(end, readerBytes(end));
      this.progress.settle(end);
    });
  }

  /** Our NIC’s write is done; without bytes it was a credit. */
  sent(link: Link, handle: number, byteCount: number): void {
    const end = this.endOf(link, handle);
    if (end === null) return;
    const { far } = end;
    if (far === null) return;
    this.progress.guard(end, () => {
      if (byteCount === 0) far.creditsUnderway--;
      else this.progress.advance(end, end.sent + byteCount);
      if (end.closed || end.state === 'reset' || far.leaving || far.leaves !== null || far.closedAt !== null)
        this.progress.settle(end);
    });
  }

  credit(link: Link, handle: number, received: number, tail: number): void {
    const end = this.endOf(link, handle);
    const far = end?.far;
    if (!end || !far) return;
    if (received > far.posted || tail > received)
      return link.close('a credit for bytes that were never sent');
    this.progress.guard(end, () => {
      if (received > end.sent) this.progress.advance(end, received);
      if (tail > far.tail) far.tail = tail;
      this.progress.settle(end);
    });
  }

  /** The same in units of 16 bytes, modulo 2^16: more than the two rings hold, so it is clear which is meant. */
  creditUnits(link: Link, handle: number, tailUnits: number): void {
    const end = this.endOf(link, handle);
    const far = end?.far;
    if (!end || !far) return;
    const known = Math.floor(far.tail / 16);
    const tail = (known + ((tailUnits - known) & 0xffff)) * 16;
    if (tail > far.posted || tail - far.tail > ringBytes) return; // an older one than the state told of
    far.tail = tail;
    this.progress.guard(end, () => this.progress.settle(end));
  }

  room(link: Link): void {
    for (const end of this.sender.takeBlocked(link))
      this.progress.guard(end, () => this.progress.settle(end));
  }

  private endOf(link: Link, handle: number): FlowEnd | null {
    const end = this.book.withRecord(handle);
    return end?.far?.host === link.host ? end : null;
  }
}
