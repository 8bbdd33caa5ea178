import type { EndBook } from './end-book.js';
import type { FlowEnd } from './flow-end.js';
import { GuestFault } from './guest-fault.js';

/**
 * Whatever goes wrong in one flow ends that flow and nothing else: what its guest or another host wrote that cannot
 * be, and a mistake of vsockd’s own, which is logged with its stack.
 */
export function endFaulty(
  book: EndBook,
  end: FlowEnd,
  error: unknown,
  reset: (end: FlowEnd, why: string) => void,
): void {
  try {
    if (error instanceof GuestFault) return reset(error.end, error.message);
    logMistake(book, end, error);
    reset(end, 'vsockd failed in it');
  } catch (again) {
    logMistake(book, end, again);
  }
}

function logMistake(book: EndBook, end: FlowEnd, error: unknown): void {
  book.log('error', 'vsockd failed in a flow', { ...book.describe(end), stack: stackOf(error) });
}

export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
