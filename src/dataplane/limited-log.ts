import type { Budget } from './budget.js';
import type { Log } from './end-book.js';

/** How often it is told how many lines of each kind were left out. */
const periodMilliseconds = 10_000;

/**
 * A guest can cause some lines as often as it likes: they are not to fill the host’s disk, nor to hide what others do. Of
 * each kind of line one is written in a period whatever the VM’s budget is, so that none hides another.
 * @param budgetOf a VM’s, by name; null: nobody is served under it, and its lines come from vsockd alone
 */
export function limitedLog(write: Log, budgetOf: (vm: string) => Budget | null): Log {
  /** Lines left out in the current period, by VM and kind. */
  const leftOut = new Map<string, number>();
  return (level, message, fields) => {
    const { vm } = fields;
    const budget = typeof vm === 'string' ? budgetOf(vm) : null;
    if (budget === null) return write(level, message, fields);
    const key = `${String(vm)} ${message}`;
    const count = leftOut.get(key);
    if (count === undefined) {
      budget.use(1);
      leftOut.set(key, 0);
      setTimeout(() => {
        const count = leftOut.get(key) ?? 0;
        leftOut.delete(key);
        if (count > 0) write(level, 'lines like this were left out', { vm, line: message, count });
      }, periodMilliseconds).unref();
    } else if (!budget.allows(1)) {
      leftOut.set(key, count + 1);
      return;
    }
    write(level, message, fields);
  };
}
