/** The longest pause before a host that fails is tried again, in milliseconds. */
const longestMilliseconds = 60_000;

/**
 * The pause after so many failures in a row: twice as long each time, and by chance some more or less, so that hosts
 * that failed together do not come back together.
 * @param chance 0 to 1
 */
export function backOff(delayMilliseconds: number, failures: number, chance: number): number {
  const whole = Math.min(longestMilliseconds, delayMilliseconds * 2 ** Math.min(failures, 30));
  return failures === 0 ? delayMilliseconds : whole * (0.5 + chance / 2);
}
