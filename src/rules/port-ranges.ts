import type { Rule } from './rule-set.js';

export type PortRange = readonly [first: number, last: number];

/** A rule’s ports in order, without overlaps and neighbours. */
export function portRanges(ports: NonNullable<Rule['ports']>): PortRange[] {
  const ranges = ports
    .map((port): [number, number] => {
      const [first = 0, last = first] = typeof port === 'number' ? [port] : port.split('-').map(Number);
      return [first, last];
    })
    .sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [first, last] of ranges) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}
