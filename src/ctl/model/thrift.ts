/** Of one core: what `top` may take on average for asking hosts and drawing. */
const fairShare = 0.3;
const longestStretch = 10;

/** How many times longer than asked for the pauses are, where so many hosts at that pace would take too much of a core. */
export class Thrift {
  stretch = 1;
  #before: { at: number; used: number } | null = null;

  /**
   * Looks at what was used since the call before.
   * @param at a monotonic clock, and @param used the process’s time on a core, both in milliseconds
   */
  measure(at: number, used: number): void {
    const before = this.#before;
    this.#before = { at, used };
    if (before === null || at <= before.at) return;
    const share = (used - before.used) / (at - before.at);
    this.stretch = Math.min(longestStretch, Math.max(1, (this.stretch * share) / fairShare));
  }
}

/** This process’s time on a core so far, in milliseconds. */
export function usedMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
