import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readStat } from '../native/process-state.js';
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

/** Fields of proc_pid_stat(5). */
const stateField = 3;
const startTicksField = 22;

/** Null when the process is gone or a zombie. */
function startTicksOf(pid: number): string | null {
  const stat = readStat(String(pid));
  return stat === null || stat(stateField) === 'Z' ? null : (stat(startTicksField) ?? null);
}
