import type { Log } from './end-book.js';

/** Of each kind of line about one VM so many are written in this time; of the rest, their number. */
const linesPerPeriod = 10;
const periodMilliseconds = 5000;

/** A guest can cause some lines as often as it likes: they are not to fill the host’s disk, nor to hide what others do. */
export function limitedLog(write: Log): Log {
  /** Lines of the current period, by VM and kind. */
  const counts = new Map<string, number>();
  return (level, message, fields) => {
    const { vm } = fields;
    if (typeof vm !== 'string') return write(level, message, fields);
    const key = `${vm} ${message}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count <= linesPerPeriod) write(level, message, fields);
    if (count > 1) return;
    setTimeout(() => {
      const leftOut = (counts.get(key) ?? 0) - linesPerPeriod;
      counts.delete(key);
      if (leftOut > 0) write(level, 'lines like this were left out', { vm, line: message, count: leftOut });
    }, periodMilliseconds).unref();
  };
}
