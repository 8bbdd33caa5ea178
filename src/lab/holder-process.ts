import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { quoteForShell } from './quote-for-shell.js';
import type { Readable, Writable } from 'node:stream';

/**
 * The holder says that its namespaces exist, and waits until it is noted. Should `up` be killed in between, it
 * reads the end of its input and ends: nothing is left that nobody knows of.
 */
const script = (preparation: string): string =>
  `${preparation}echo made && read -r noted && exec sleep infinity </dev/null >/dev/null 2>&1`;

export interface HolderOptions {
  /** What the process holds as its descriptor 3. */
  memory?: number;
  /** Commands that it runs first, in its new namespaces. */
  preparation?: readonly (readonly string[])[];
}

/**
 * Starts a process that does nothing but hold new namespaces and memory.
 * Returns its pid once `note` has put it on record; null where the kernel does not give the namespaces.
 */
export async function startHolderProcess(
  namespaces: string[],
  note: (pid: number) => Promise<void>,
  { memory, preparation = [] }: HolderOptions = {},
): Promise<number | null> {
  const first = preparation.map((words) => `${words.map(quoteForShell).join(' ')} && `).join('');
  const holder = spawn('unshare', [...namespaces, '--', 'sh', '-c', script(first)], {
    stdio: ['pipe', 'pipe', 'ignore', ...(memory === undefined ? [] : [memory])],
    detached: true,
    cwd: '/',
  });
  const [input, output] = [holder.stdin as Writable, holder.stdout as Readable];
  const made = await Promise.race([once(output, 'data'), once(holder, 'close')]);
  if (holder.pid === undefined || !Buffer.isBuffer(made[0])) return null;
  await note(holder.pid);
  input.end('noted\n');
  output.destroy();
  holder.unref();
  return holder.pid;
}
