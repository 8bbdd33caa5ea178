import { getSystemErrorMap } from 'node:util';

/** Why the system refused, in its own words without names of calls: `permission denied`. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? message ?? String(error);
}
