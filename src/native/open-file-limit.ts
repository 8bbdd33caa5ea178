import { readFileSync } from 'node:fs';

/** How many descriptors this process may have open (RLIMIT_NOFILE; Node raises its soft limit to the hard one at its start). */
export function openFileLimit(): number {
  const soft = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  if (soft === undefined) throw new Error('/proc/self/limits says nothing of open files');
  return soft === 'unlimited' ? Infinity : Number(soft);
}
