import { lstatSync, readlinkSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { VsocketError } from '../errors/vsocket-error.js';
import type { LabPaths } from './lab-paths.js';
import { isRunning, readProcessRecords } from './process-record.js';
import { runCommand } from './run-command.js';
import { waitUntil } from './wait-until.js';

/** Ends every process of the lab and removes all it put on the machine, whatever state it is in. */
export async function down(paths: LabPaths): Promise<void> {
  await endProcesses(paths);
  if (await isMountPoint(paths.directory)) {
    // Lazy: a shell that stands in the directory does not keep it.
    await runCommand('umount', ['--recursive', '--lazy', paths.directory]);
  }
  await rm(paths.directory, { recursive: true, force: true });
}

async function endProcesses(paths: LabPaths): Promise<void> {
  const networks = await pinnedNetworks(paths);
  // Supervisors first: they would start vsockd again.
  const records = [...(await readProcessRecords(paths))];
  const supervisors = records.filter(([name]) => name.endsWith('.supervisor'));
  for (const [, record] of [...supervisors, ...records]) if (isRunning(record)) kill(record.pid);
  await waitUntil(`no process of lab ${paths.name} is left`, async () => {
    const left = await processesIn(networks);
    left.forEach(kill);
    return left.length === 0 && !records.some(([, record]) => isRunning(record));
  });
}

/** The lab’s network namespaces by the kernel’s name; the mounts keep their numbers from being given again. */
async function pinnedNetworks(paths: LabPaths): Promise<Set<string>> {
  const directoryDevice = lstatSync(paths.directory, { throwIfNoEntry: false })?.dev;
  const networks = new Set<string>();
  for (const machine of await readdir(paths.namespaces).catch(() => [])) {
    const pin = lstatSync(paths.namespace(machine));
    if (pin.dev !== directoryDevice) networks.add(`net:[${pin.ino}]`);
  }
  return networks;
}

async function processesIn(networks: Set<string>): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  return pids.filter((pid) => {
    try {
      return networks.has(readlinkSync(`/proc/${pid}/ns/net`));
    } catch {
      // Gone meanwhile, a zombie, or not ours to look at.
      return false;
    }
  });
}

function kill(pid: number): void {
  if (pid === process.pid) {
    throw new VsocketError(
      'inside-lab',
      'this command runs inside the lab',
      'take the lab down from outside',
    );
  }
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function isMountPoint(path: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  // Field 5 is the mount point (proc(5)).
  return mounts.split('\n').some((line) => line.split(' ')[4] === path);
}
