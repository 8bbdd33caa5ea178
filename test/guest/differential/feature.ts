import fc from 'fast-check';
import type { CallName } from './program.js';

/** A way to make one call; the generator chooses among those that are on, by weight. */
export interface Feature {
  name: string;
  weight: number;
  call: CallName;
  arguments: fc.Arbitrary<number>[];
}

export function feature(
  name: string,
  weight: number,
  call: CallName,
  ...args: fc.Arbitrary<number>[]
): Feature {
  return { name, weight, call, arguments: args };
}

/**
 * Places of each process’s table. 0 is the connection; copies of it come to 1 to 3, epoll instances to 4 and 5.
 * Any place may be empty: then the call is one on descriptor -1.
 */
export const connection = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 3 }) },
);
export const copy = fc.integer({ min: 1, max: 3 });
export const instance = fc.oneof(
  { weight: 4, arbitrary: fc.constant(4) },
  { weight: 1, arbitrary: fc.constant(5) },
);
