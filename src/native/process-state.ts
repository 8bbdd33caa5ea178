import { readdirSync, readFileSync } from 'node:fs';

/** linux/sched.h */
const PF_EXITING = 0x4;
/** proc_pid_stat(5): the process’s flags, counted from the state, which follows the name in parentheses. */
const flagsField = 6;

/**
 * Whether a process has a thread that is not on its way out. A process that is killed shows so before the kernel
 * closes its descriptors: whoever saw one of them close gets `false` here.
 */
export function isRunning(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  return read(() => readdirSync(tasks), []).some((task) => {
    const stat = read(() => readFileSync(`${tasks}/${task}/stat`, 'latin1'), null);
    if (stat === null) return false;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[flagsField]) & PF_EXITING) === 0;
  });
}

/** ENOENT before, ESRCH while a process goes away. */
function read<Found, Gone>(look: () => Found, gone: Gone): Found | Gone {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return gone;
    throw error;
  }
}
