import type { FlowEnd } from './flow-end.js';
import type { GuestVm } from './guest-vm.js';

/** The kernel closes what an ended process had in an order of its own: its sockets a moment after its channel, at times. */
const looksAfterMilliseconds = [0, 1, 10, 100, 1000];
/** Each look asks the kernel; so many at a time hold up nobody. */
const mostAtOnce = 32;

export interface EndedProcessNeeds {
  flowsOf(vm: GuestVm, process: number): FlowEnd[];
  /** Ends those whose sockets are gone. @returns the others */
  closeEnded(ends: FlowEnd[]): FlowEnd[];
  /** Bytes may be due. */
  wake(): void;
}

/**
 * Sees to the flows of processes that ended, until their sockets are gone or are plainly somebody else’s, too. A guest may
 * let its processes come and go as fast as it likes: each flow waits once for each of the looks.
 */
export class EndedProcesses {
  /** What waits for each of the looks. */
  private readonly waiting = looksAfterMilliseconds.map(() => new Set<FlowEnd>());

  constructor(private readonly needs: EndedProcessNeeds) {}

  add(vm: GuestVm, process: number): void {
    const first = this.waiting[0]!;
    const isIdle = first.size === 0;
    for (const end of this.needs.flowsOf(vm, process)) first.add(end);
    if (isIdle) this.look(0);
    this.needs.wake(); // it may have been killed before it could
  }

  private look(nth: number): void {
    const waiting = this.waiting[nth]!;
    const ends = [...firstOf(waiting, mostAtOnce)];
    for (const end of ends) waiting.delete(end);
    const left = this.needs.closeEnded(ends);
    if (left.length < ends.length) this.needs.wake();
    this.lookLater(nth + 1, left);
    if (waiting.size > 0) setImmediate(() => this.look(nth));
  }

  private lookLater(nth: number, ends: FlowEnd[]): void {
    const waiting = this.waiting[nth];
    if (waiting === undefined || ends.length === 0) return;
    if (waiting.size === 0) setTimeout(() => this.look(nth), looksAfterMilliseconds[nth]);
    for (const end of ends) waiting.add(end);
  }
}

function* firstOf<Item>(items: Iterable<Item>, most: number): Generator<Item> {
  let count = 0;
  for (const item of items) {
    if (count++ === most) return;
    yield item;
  }
}
