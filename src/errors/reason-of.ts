import { getSystemErrorMap } from 'node:util';

/** Why the system refused, in its own words without names of calls: `permission denied`. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  // Node’s own errors have it negative, those of direct system calls as the kernel counts.
  return getSystemErrorMap().get(-Math.abs(errno ?? 0))?.[1] ?? message ?? String(error);
}
