import koffi from 'koffi';
import { getSystemErrorName } from 'node:util';

/** The C library of the running process; glibc’s soname is the same on every supported system. */
export const libc = koffi.load('libc.so.6');

/** A system call failed: `call` names it, `errno` is the kernel’s number for why. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';

  constructor(
    readonly call: string,
    readonly errno: number,
  ) {
    super(`${call}: ${getSystemErrorName(-errno)}`);
  }
}

/** Passes a result on, or throws with errno when it is -1. Call it right after the system call. */
export function checked(call: string, result: number): number {
  if (result === -1) throw new SystemCallError(call, koffi.errno());
  return result;
}
