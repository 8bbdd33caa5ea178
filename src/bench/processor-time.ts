import { readdir, readFile } from 'node:fs/promises';

/** USER_HZ: the unit of times in /proc/PID/stat is a hundredth of a second on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** User and system time of a process and its living children, in seconds. */
export async function processorSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field, the name in parentheses, may hold blanks; utime and stime are fields 14 and 15 (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  let seconds = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  for (const child of await childrenOf(pid)) seconds += await processorSeconds(child);
  return seconds;
}

/** Each thread has its own list of the children it made. */
async function childrenOf(pid: number): Promise<number[]> {
  const lists = (await readdir(`/proc/${pid}/task`)).map((task) =>
    readFile(`/proc/${pid}/task/${task}/children`, 'utf8'),
  );
  return (await Promise.all(lists)).flatMap((list) => list.trim().split(' ').filter(Boolean).map(Number));
}
