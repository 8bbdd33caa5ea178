import { pino, type Logger } from 'pino';

export type Log = Logger;

/** The log: JSON Lines on stderr, as the service manager collects them. */
export function createLog(): Log {
  return pino(
    {
      level: 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
