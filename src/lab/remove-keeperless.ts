import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { LabPaths } from './lab-paths.js';
import { waitUntil } from './wait-until.js';

/**
 * Removes a user’s lab whose keeper is gone: its namespaces cannot be entered any more, but each of its
 * processes still has the mount of the lab’s directory in sight, which nothing outside the lab has.
 */
export async function removeKeeperless(paths: LabPaths): Promise<void> {
  await waitUntil(`no process of lab ${paths.name} is left`, () => {
    const left = processesThatSee(paths.directory);
    for (const pid of left) process.kill(pid, 'SIGKILL');
    return Promise.resolve(left.length === 0);
  });
  await rm(paths.directory, { recursive: true, force: true });
  await rm(paths.keeperRecord, { force: true });
}

function processesThatSee(directory: string): number[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.map(Number).filter((pid) => {
    try {
      const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
      // Field 5 is the mount point (proc(5)).
      return mounts.some((line) => line.split(' ')[4] === directory);
    } catch {
      return false; // gone meanwhile, or another user’s
    }
  });
}
