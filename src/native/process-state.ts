import { readdirSync, readFileSync } from 'node:fs';

/** linux/sched.h */
const PF_EXITING = 0x4;
/** proc_pid_stat(5) counts from one. */
const flagsField = 9;
const firstField = 3;

/**
 * Whether a process has a thread that is not on its way out. A process that is killed shows so before the kernel
 * closes its descriptors: whoever saw one of them close gets `false` here.
 */
export function isRunning(pid: number): boolean {
  if (isThreadRunning(pid, pid)) return true; // to list the threads takes long where there are thousands
  return unlessGone(() => readdirSync(`/proc/${pid}/task`), []).some((task) => isThreadRunning(pid, task));
}

function isThreadRunning(pid: number, task: number | string): boolean {
  const stat = readStat(`${pid}/task/${task}`);
  return stat !== null && (Number(stat(flagsField)) & PF_EXITING) === 0;
}

/**
 * The state of a process or thread, after proc_pid_stat(5).
 * @param place in /proc, such as a process’s number
 * @returns what gives a field from the third on by its number there; null when it is gone
 */
export function readStat(place: string): ((field: number) => string | undefined) | null {
  const text = unlessGone(() => readFileSync(`/proc/${place}/stat`, 'latin1'), null);
  if (text === null) return null;
  // The second field, the name in parentheses, may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (field) => fields[field - firstField];
}

/** ENOENT before, ESRCH while a process goes away. */
function unlessGone<Found, Gone>(look: () => Found, gone: Gone): Found | Gone {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return gone;
    throw error;
  }
}
