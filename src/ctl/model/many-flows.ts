/** A kill of more flows than this wants their number as the answer: yes is said too easily. */
export const mostByYes = 20;

/** The answer to the question whether so many flows are to be killed; null where yes is one. */
export function numberToType(flows: number): string | null {
  return flows > mostByYes ? String(flows) : null;
}
