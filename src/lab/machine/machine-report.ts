import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { LabPaths } from '../lab-paths.js';
import { isRunning, readProcessRecords } from '../process-record.js';
import { endOfLog, waitUntil } from '../wait-until.js';

/** The second serial port of the machine; outside, a file. */
export const reportPort = '/dev/ttyS1';

/** What a machine says when it has set itself up, or could not. */
export const MachineReport = z.union([
  z.strictObject({ problem: z.string() }),
  z.strictObject({
    /** The first process of each VM, by the machine’s own process ids. */
    vmHolders: z.record(z.string(), z.number().int()),
  }),
]);
export type MachineReport = z.infer<typeof MachineReport>;

/** Machines under load take their time, ten times the usual and more; one that ends or fails says so at once. */
export const bootMilliseconds = 300_000;

/** A lab inside its machines has this place, wherever the lab outside is. */
export const pathsInMachine = (name: string): LabPaths => new LabPaths(name, '/run/vsocket-lab');

/** Null as long as the machine has not said anything. */
export async function readReport(paths: LabPaths, host: string): Promise<MachineReport | null> {
  const text = await readFile(paths.machineFile(host, 'report'), 'utf8').catch(() => '');
  return text.endsWith('\n') ? MachineReport.parse(JSON.parse(text)) : null;
}

/** @throws VsocketError when the machine ends, or says that it cannot serve */
export async function untilServes(paths: LabPaths, host: string): Promise<void> {
  const console = paths.machineFile(host, 'console.log');
  const machine = (await readProcessRecords(paths)).get(`${host}.machine`);
  const hasReported = async (): Promise<boolean> => {
    const report = await readReport(paths, host);
    if (report && 'problem' in report)
      throw new VsocketError('machine-failed', `machine ${host}: ${report.problem}`);
    if (!report && !isRunning(machine)) {
      const why = await endOfLog(paths.machineFile(host, 'emulator.log'));
      throw new VsocketError('machine-ended', `machine ${host} has ended`, why, ExitCode.failed);
    }
    return report !== null;
  };
  await waitUntil(`machine ${host} serves`, hasReported, console, bootMilliseconds);
}
