import { readdir, readFile } from 'node:fs/promises';

/** USER_HZ: the unit of times in /proc/PID/stat is a hundredth of a second on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** User and system time of a process and its living children, in seconds. */
export async function processorSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  let seconds = secondsIn(stat);
  for (const child of await childrenOf(pid)) seconds += await processorSeconds(child);
  return seconds;
}

/** The second field, the name in parentheses, may hold blanks; utime and stime are fields 14 and 15 (proc(5)). */
function secondsIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Each thread has its own list of the children it made. */
async function childrenOf(pid: number): Promise<number[]> {
  const lists = (await readdir(`/proc/${pid}/task`)).map((task) =>
    readFile(`/proc/${pid}/task/${task}/children`, 'utf8'),
  );
  return (await Promise.all(lists)).flatMap((list) => list.trim().split(' ').filter(Boolean).map(Number));
}

/** Processor time of all threads with a name, of a process and its living children, in seconds. */
export async function threadSeconds(pid: number, name: string): Promise<number> {
  let seconds = 0;
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    if (stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')) === name) seconds += secondsIn(stat);
  }
  for (const child of await childrenOf(pid)) seconds += await threadSeconds(child, name);
  return seconds;
}

/** What all processors of the machine have worked since its start, in seconds. */
export async function machineSeconds(): Promise<number> {
  const [first = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  // user, nice, system, idle, iowait, irq, softirq; a virtual machine’s guests are in the first two (proc(5)).
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = first.split(/ +/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / ticksPerSecond;
}
