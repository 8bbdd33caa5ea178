import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { LabPaths } from '../lab-paths.js';

/** What the lab knows of a machine from outside. */
const MachineRecord = z.strictObject({
  /** On the outside’s loopback address. */
  sshPort: z.number().int(),
});
type MachineRecord = z.infer<typeof MachineRecord>;

const fileOf = (paths: LabPaths, host: string): string => paths.machineFile(host, 'machine.json');

export const writeMachine = (paths: LabPaths, host: string, record: MachineRecord): Promise<void> =>
  writeFile(fileOf(paths, host), JSON.stringify(record));

/** Null in the ruin of a lab. */
export async function readMachine(paths: LabPaths, host: string): Promise<MachineRecord | null> {
  const text = await readFile(fileOf(paths, host), 'utf8').catch(() => null);
  return text === null ? null : MachineRecord.parse(JSON.parse(text));
}
