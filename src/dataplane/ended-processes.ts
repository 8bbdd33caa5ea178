import type { FlowEnd } from './flow-end.js';
import type { GuestVm } from './guest-vm.js';

/** The kernel closes what an ended process had in an order of its own: its sockets a moment after its channel, at times. */
const looksAfterMilliseconds = [1, 10, 100, 1000];

export interface EndedProcessNeeds {
  flowsOf(vm: GuestVm, process: number): FlowEnd[];
  /** Ends those whose sockets are gone. @returns the others */
  closeEnded(ends: FlowEnd[]): FlowEnd[];
  /** Bytes may be due. */
  wake(): void;
}

/** Sees to the flows of processes that ended, until their sockets are gone or are plainly somebody else’s, too. */
export class EndedProcesses {
  constructor(private readonly needs: EndedProcessNeeds) {}

  add(vm: GuestVm, process: number): void {
    this.look(this.needs.flowsOf(vm, process), 0);
    this.needs.wake(); // it may have been killed before it could
  }

  private look(ends: FlowEnd[], looks: number): void {
    const left = this.needs.closeEnded(ends);
    if (left.length < ends.length) this.needs.wake();
    const delay = looksAfterMilliseconds[looks];
    if (left.length > 0 && delay !== undefined) setTimeout(() => this.look(left, looks + 1), delay);
  }
}
