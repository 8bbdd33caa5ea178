import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { VsocketError } from '../../errors/vsocket-error.js';
import { pathOf } from '../compile-programs.js';

/** Programs beside the measured ones that only spin. */
export interface Neighbours {
  count: number;
  /** Of each period, so much. */
  spinMicroseconds: number;
  periodMicroseconds: number;
  niceness: number;
}

/** Runs `use` beside neighbours, and ends them whatever happens. */
export async function withNeighbours<Result>(
  { count, spinMicroseconds, periodMicroseconds, niceness }: Neighbours,
  use: () => Promise<Result>,
): Promise<Result> {
  const times = [spinMicroseconds, periodMicroseconds].map(String);
  const command = ['-n', String(niceness), pathOf('neighbour'), ...times];
  const started: ChildProcess[] = [];
  try {
    for (let n = 0; n < count; n++)
      started.push(spawn('nice', command, { stdio: ['ignore', 'pipe', 'inherit'] }));
    await Promise.all(started.map(untilReady));
    return await use();
  } finally {
    await Promise.all(started.map(end));
  }
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('error', reject);
    child.once('close', () => reject(new VsocketError('program-failed', 'a neighbour did not start')));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  child.kill('SIGKILL');
  await ended;
}
