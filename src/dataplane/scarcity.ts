/** A turn of a spin that took so long was somebody else’s slice. */
export const lostMilliseconds = 0.5;
/** So much may be lost at once: a slice is 3 or 4 ms long, and one alone says nothing. */
export const mostDebt = 6;
/** Of all time so much may be lost for ever: a neighbour of low priority takes a tenth, and a spin is still worth it. */
export const bearable = 1 / 4;
export const leastPause = 30;
export const mostPause = 2000;

/**
 * Whether processor time is scarce, learned from what a spin loses: a bucket that lost time fills and time empties. When
 * it runs over, spinning pauses, twice as long each time. As much spinning as the pause was long, without the next one, makes
 * it half as long again. So a machine that stays full costs a try now and then, one that is free again is found to be, and
 * time in which nobody spun says nothing. src/guest/wait/scarcity.c is the same. Times are milliseconds of a clock that
 * never goes back.
 */
export class Scarcity {
  private debt = 0;
  private seenAt = 0;
  private pause = leastPause / 2;
  private until = -Infinity;
  /** Time that was spun since the pause was changed. */
  private tried = 0;

  spun(milliseconds: number): void {
    this.tried += milliseconds;
    if (this.tried < this.pause) return;
    this.tried = 0;
    this.pause = Math.max(this.pause / 2, leastPause / 2);
  }

  lose(now: number, lost: number): void {
    if (this.isOn(now)) return;
    this.debt = Math.max(0, this.debt - (now - this.seenAt) * bearable) + lost;
    this.seenAt = now;
    if (this.debt < mostDebt) return;
    this.pause = Math.min(this.pause * 2, mostPause);
    this.tried = 0;
    this.until = this.seenAt = now + this.pause;
    this.debt = mostDebt / 2; // the next try is a short one
  }

  isOn(now: number): boolean {
    return now < this.until;
  }

  /** When the pause ends that is on, or the last one ended. */
  get endsAt(): number {
    return this.until;
  }
}
