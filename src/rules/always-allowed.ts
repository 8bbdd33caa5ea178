import type { Family } from './families.js';

/**
 * Kinds of ICMP that pass whatever the rules say: without them addresses are not found and packets get lost in silence.
 * IPv4: unreachable, time exceeded, parameter problem. IPv6: the errors 1 to 4, multicast listeners, neighbours.
 * Router advertisements come from no VM: the guard sees to it.
 */
export const alwaysAllowedTypes: Readonly<Record<Family, readonly number[]>> = {
  4: [3, 11, 12],
  6: [1, 2, 3, 4, 130, 131, 132, 133, 134, 135, 136, 143],
};
