import { readFile } from 'node:fs/promises';

/**
 * The processor on which the machine with this number is emulated, one of those that this process may use. A machine
 * is two threads that hand a lock to and fro with each packet: on one processor that takes no interrupt from one to
 * the other, which is dear where this machine is itself a virtual one (measured: a round trip takes 0.7 of the time).
 */
export async function processorFor(machine: number): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8'); // proc(5): `Cpus_allowed_list:	0-3,6`
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0';
  const processors = list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index);
  });
  return processors[machine % processors.length]!;
}
