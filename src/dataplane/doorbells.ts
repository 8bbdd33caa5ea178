import { bitmapWords, region, slotCount, summaryWords } from '../channel/region-layout.js';

/** The two levels of bits by which a VM’s guests say “look at this slot”. */
export class Doorbells<Owner> {
  /** Of the round that is under way: words to look at still, and of the word that it stopped in the bits. */
  private readonly words = new Int32Array(summaryWords);
  private readonly bits = new Int32Array(bitmapWords);

  /** @param memory the VM’s region */
  constructor(
    private readonly owner: Owner,
    private readonly memory: Int32Array,
  ) {}

  /** As the guest does it. */
  ring(index: number): void {
    const word = index >> 5;
    Atomics.or(this.memory, (region.doorbellBits >> 2) + word, 1 << (index & 31));
    Atomics.or(this.memory, (region.doorbellSummary >> 2) + (word >> 5), 1 << (word & 31));
  }

  /**
   * Gives slots that rang to `visit`, each once in a round, until their visits have used up one turn. The next call goes
   * on where this one stopped: a slot that rings all the time is not in the way of those behind it.
   * @param visit says how much of the turn it used
   * @returns how many slots were visited
   */
  take(visit: (owner: Owner, slot: number) => number, turn: number): number {
    this.begin();
    let count = 0;
    let used = 0;
    for (let s = 0; s < summaryWords; s++)
      for (let words = this.words[s] as number; words !== 0; words &= words - 1) {
        const word = s * 32 + 31 - Math.clz32(words & -words);
        let bits = this.bits[word] as number;
        if (bits === 0) bits = Atomics.exchange(this.memory, (region.doorbellBits >> 2) + word, 0);
        for (; bits !== 0 && used < turn; bits &= bits - 1) {
          const index = word * 32 + 31 - Math.clz32(bits & -bits);
          used += index < slotCount ? visit(this.owner, index) : 1;
          count++;
        }
        this.bits[word] = bits;
        if (bits !== 0) {
          this.words[s] = words;
          return count;
        }
        this.words[s] = words & (words - 1);
      }
    return count;
  }

  /** A round begins when the one before is over. */
  private begin(): void {
    for (let s = 0; s < summaryWords; s++) if (this.words[s] !== 0) return;
    for (let s = 0; s < summaryWords; s++) {
      const summary = (region.doorbellSummary >> 2) + s;
      if (Atomics.load(this.memory, summary) !== 0) this.words[s] = Atomics.exchange(this.memory, summary, 0);
    }
  }

  get isRung(): boolean {
    for (let s = 0; s < summaryWords; s++)
      if (this.words[s] !== 0 || Atomics.load(this.memory, (region.doorbellSummary >> 2) + s) !== 0)
        return true;
    return false;
  }
}
