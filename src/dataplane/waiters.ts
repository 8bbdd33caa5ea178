import { processBlock, processCount, processOffset, waiterCount } from '../channel/region-layout.js';
import { sendWake } from '../native/channel-socket.js';

/** So many news at most are held back: the first shall not wait for the copies of hundreds. */
const mostHeld = 64;
/** So many sleepers are woken at a time: a process may have a thousand, and say again and again that they all sleep. */
const mostWoken = 64;

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

  /** @returns how many sleepers were woken while others have to wait for the next release; 0: none have to */
  release(): number {
    this.isHeld = false;
    if (this.waitingCount > 0) this.wakeAll();
    return this.waitingCount > 0 ? mostWoken : 0;
  }

  /** As a release that wakes nobody, where some had to wait in the last one. @returns whether it was that */
  keep(): boolean {
    if (this.waitingCount === 0) return false;
    this.isHeld = false;
    return true;
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

  /** What is more than can be woken at a time waits for the next release, behind all others. */
  private wakeAll(): void {
    const count = this.waitingCount;
    let left = 0;
    let room = mostWoken;
    for (let w = 0; w < count; w++) {
      const process = this.waiting[w] as number;
      if (room > 0) room = this.wakeSome(process, room);
      if (room > 0) this.isWaiting[process] = 0;
      else this.waiting[left++] = process;
    }
    this.waitingCount = left;
    this.newsCount = 0;
  }

  private wakeNow(process: number): void {
    this.wakeSome(process, Infinity);
  }

  /** @returns how many more may be woken; none: there may be sleepers left */
  private wakeSome(process: number, most: number): number {
    const summary = (processOffset(process) + processBlock.armedSummary) >> 2;
    const armed = (processOffset(process) + processBlock.armed) >> 2;
    let room = most;
    if (Atomics.load(this.words, summary) === 0) return room;
    for (let words = Atomics.exchange(this.words, summary, 0); words !== 0; words &= words - 1) {
      const word = 31 - Math.clz32(words & -words);
      let bits = Atomics.exchange(this.words, armed + word, 0);
      for (; bits !== 0 && room > 0; bits &= bits - 1)
        room -= this.wakeOne(process, word * 32 + 31 - Math.clz32(bits & -bits));
      if (room > 0) continue;
      // They are armed still: the word that was begun, and those behind it.
      Atomics.or(this.words, armed + word, bits);
      Atomics.or(this.words, summary, words);
      return 0;
    }
    return room;
  }

  /** @returns what that was: 1, or less where nobody sleeps */
  private wakeOne(process: number, waiter: number): number {
    const descriptor = this.descriptors[process * waiterCount + waiter] as number;
    if (descriptor < 0) return 1 / 64;
    sendWake(descriptor);
    return 1;
  }
}
