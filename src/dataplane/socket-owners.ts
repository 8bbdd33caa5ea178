import { isRunning } from '../native/process-state.js';
import type { TcpLookup } from '../native/tcp-lookup.js';
import type { EndBook } from './end-book.js';
import type { FlowEnd } from './flow-end.js';
import type { GuestVm } from './guest-vm.js';

/** The kernel’s own word on who has the sockets of ends: no claim and no close rests on a guest’s word. */
export class SocketOwners {
  private readonly lookups = new Map<GuestVm, TcpLookup>();
  /** How many questions the kernel was asked. */
  asked = 0;

  constructor(private readonly book: EndBook) {}

  /** @param lookup asks in the VM’s network namespace */
  add(vm: GuestVm, lookup: TcpLookup): void {
    this.lookups.set(vm, lookup);
  }

  /** Whether the socket exists and a program has it open. */
  isHeld(end: FlowEnd): boolean {
    this.asked++;
    return this.lookups.get(end.vm)?.isHeld(end) ?? false;
  }

  /** Whether its process runs; null: its hello is on the way, so it is not known. */
  isRunning(end: FlowEnd): boolean | null {
    const pid = this.book.pidOf(end);
    this.asked++;
    return pid === null ? null : isRunning(pid);
  }

  /** Whether its process is known and gone, and the socket with it. */
  isAbandoned(end: FlowEnd): boolean {
    return this.isRunning(end) === false && !this.isHeld(end);
  }
}
