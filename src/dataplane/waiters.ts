import { processBlock, processCount, processOffset, waiterCount } from '../channel/region-layout.js';
import { sendWake } from '../native/channel-socket.js';

/** So many news at most are held back: the first shall not wait for the copies of hundreds. */
const mostHeld = 64;

/**
 * Wakes a VM’s sleeping threads. Who is woken may take the processor at once: woken for the first of many events, a
 * program would come back for each of them. So within a pass of the data plane the wakes are held back to its end.
 */
export class Waiters {
  /** Descriptors of the connections that wake sleepers, by process and waiter; -1: none. */
  private readonly descriptors = new Int32Array(processCount * waiterCount).fill(-1);
  /** Processes with news that nobody was woken for yet, each once. */
  private readonly waiting = new Int32Array(processCount);
  private waitingCount = 0;
  private readonly isWaiting = new Uint8Array(processCount);
  private newsCount = 0;
  private isHeld = false;

  constructor(private readonly words: Int32Array) {}

  set(process: number, waiter: number, descriptor: number): void {
    this.descriptors[process * waiterCount + waiter] = descriptor;
  }

  /** Only when it is still that connection: the guest may have made a newer one. */
  clear(process: number, waiter: number, descriptor: number): void {
    const at = process * waiterCount + waiter;
    if (this.descriptors[at] === descriptor) this.descriptors[at] = -1;
  }

  /** Until release(). */
  hold(): void {
    this.isHeld = true;
  }

  release(): void {
    this.isHeld = false;
    if (this.waitingCount > 0) this.wakeAll();
  }

  /** The process has news in its memory, which its sleepers must learn of. */
  wake(process: number): void {
    if (!this.isHeld) return this.wakeNow(process);
    if (this.isWaiting[process] === 0) {
      this.isWaiting[process] = 1;
      this.waiting[this.waitingCount++] = process;
    }
    if (++this.newsCount === mostHeld) this.wakeAll();
  }

  private wakeAll(): void {
    for (let w = 0; w < this.waitingCount; w++) {
      const process = this.waiting[w] as number;
      this.isWaiting[process] = 0;
      this.wakeNow(process);
    }
    this.waitingCount = this.newsCount = 0;
  }

  private wakeNow(process: number): void {
    const summary = (processOffset(process) + processBlock.armedSummary) >> 2;
    const armed = (processOffset(process) + processBlock.armed) >> 2;
    if (Atomics.load(this.words, summary) === 0) return;
    for (let bits = Atomics.exchange(this.words, summary, 0); bits !== 0; bits &= bits - 1) {
      const word = 31 - Math.clz32(bits & -bits);
      this.wakeArmed(process, word * 32, Atomics.exchange(this.words, armed + word, 0));
    }
  }

  private wakeArmed(process: number, first: number, armed: number): void {
    for (let bits = armed; bits !== 0; bits &= bits - 1) {
      const waiter = first + 31 - Math.clz32(bits & -bits);
      const descriptor = this.descriptors[process * waiterCount + waiter] as number;
      if (descriptor >= 0) sendWake(descriptor);
    }
  }
}
