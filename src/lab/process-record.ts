import { readFileSync } from 'node:fs';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LabPaths } from './lab-paths.js';

/** A process of the lab. The start time (clock ticks since boot) tells it from a later one with the same pid. */
export const ProcessRecord = z.strictObject({ pid: z.number().int().positive(), startTicks: z.string() });
export type ProcessRecord = z.infer<typeof ProcessRecord>;

/** For a process that was just started; one that is gone already gets a record that never counts as running. */
export const recordOf = (pid: number): ProcessRecord => ({ pid, startTicks: startTicksOf(pid) ?? '' });

/** Notes a process under a name like `hv1.sshd`; what is not noted yet is found by its namespace. */
export async function recordProcess(paths: LabPaths, name: string, pid: number): Promise<void> {
  const file = join(paths.processes, `${name}.json`);
  await writeFile(`${file}.new`, JSON.stringify(recordOf(pid)));
  await rename(`${file}.new`, file);
}

export async function readProcessRecords(paths: LabPaths): Promise<Map<string, ProcessRecord>> {
  const records = new Map<string, ProcessRecord>();
  for (const file of await readdir(paths.processes).catch(() => [])) {
    if (!file.endsWith('.json')) continue;
    const text = await readFile(join(paths.processes, file), 'utf8');
    records.set(file.slice(0, -'.json'.length), ProcessRecord.parse(JSON.parse(text)));
  }
  return records;
}

export function isRunning(record: ProcessRecord | undefined): record is ProcessRecord {
  return record !== undefined && startTicksOf(record.pid) === record.startTicks;
}

/** Field 22 of /proc/PID/stat (proc(5)); null when the process is gone or a zombie. */
function startTicksOf(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The second field, the name in parentheses, may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? null : (fields[19] ?? null);
}
