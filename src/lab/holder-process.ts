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

/**
 * Network namespaces of one machine have their TCP sockets in one table, sized for the machine, and whoever lists those
 * of one namespace goes through all of it. A VM has a kernel of its own: where the kernel can (6.1), its namespace gets
 * a table of a VM’s size. What asks for it is a setting of the namespace from which it is made.
 */
const socketTableEntries = 16_384;
const withOwnSocketTable = [
  'unshare',
  '--net',
  'sh',
  '-c',
  `echo ${socketTableEntries} 2>/dev/null >/proc/sys/net/ipv4/tcp_child_ehash_entries; exec "$@"`,
  'sh',
] as const;

export interface HolderOptions {
  /** What the process holds as its descriptor 3. */
  memory?: number;
  /** Commands that it runs first, in its new namespaces. */
  preparation?: readonly (readonly string[])[];
  /** It stands for a VM. */
  isVm?: boolean;
}

/**
 * Starts a process that does nothing but hold new namespaces and memory.
 * Returns its pid once `note` has put it on record; null where the kernel does not give the namespaces.
 */
export async function startHolderProcess(
  namespaces: string[],
  note: (pid: number) => Promise<void>,
  { memory, preparation = [], isVm = false }: HolderOptions = {},
): Promise<number | null> {
  const first = preparation.map((words) => `${words.map(quoteForShell).join(' ')} && `).join('');
  const [program, ...words] = [...(isVm ? withOwnSocketTable : []), 'unshare', ...namespaces] as const;
  const holder = spawn(program, [...words, '--', 'sh', '-c', script(first)], {
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
