import type { Scarcity } from './scarcity.js';

/** After so many wakes of vsockd it is known what one of them serves. */
const sample = 32;
/**
 * A byte through vsockd needs two wakes where TCP needs one, and each wake costs as much as TCP’s work for some
 * messages: where a wake of vsockd serves so many visits to flows, the rings are the better way all the same.
 */
const worthwhile = 3;
/**
 * Bytes in a visit that is no gain. Who sends so much waits for room in a ring again and again, where TCP’s queues are
 * many times as long, and each wait is one for a processor.
 */
export const largeBytes = 16 * 1024;
/** The visit that moved so much, and the one in which the reader told of the room that it made. */
const visitsOfLarge = 2;

/**
 * Whether flows belong on TCP: where processors are scarce, so that everybody sleeps and must be woken, and each wake serves
 * few of them. Until the pause of the spin is over; then rings are tried again.
 */
export class Busy {
  private isBusy = false;
  private wakes = 0;
  private visits = 0;
  private largeSeen = 0;

  constructor(
    private readonly scarcity: Scarcity,
    /** How often so much was moved as `largeBytes`, so far. */
    private readonly largeMoves: () => number,
    private readonly change: (isBusy: boolean) => void,
    private readonly later: (act: () => void, milliseconds: number) => void = setTimeout,
  ) {}

  /** vsockd is about to sleep. @param visits to flows since it last did */
  sleeps(now: number, visits: number): void {
    const large = this.largeMoves() - this.largeSeen;
    this.largeSeen += large;
    if (this.isBusy || visits === 0) return;
    if (!this.scarcity.isOn(now)) {
      this.wakes = this.visits = 0;
      return;
    }
    this.visits += Math.max(0, visits - large * visitsOfLarge);
    if (++this.wakes < sample) return;
    if (this.visits < sample * worthwhile) this.begin(now);
    this.wakes = this.visits = 0;
  }

  private begin(now: number): void {
    this.isBusy = true;
    this.change(true);
    this.later(() => {
      this.isBusy = false;
      this.change(false);
    }, this.scarcity.endsAt - now);
  }
}
