import { mkdir, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { lockDirectory } from '../native/lock-directory.js';
import type { LabPaths } from './lab-paths.js';

/** One `up` or `down` at a time on a machine; the directory of all labs is the lock. */
export async function withLabsLocked<Result>(paths: LabPaths, act: () => Promise<Result>): Promise<Result> {
  const lock = await lockLabs(paths.root);
  try {
    return await act();
  } finally {
    await lock.close();
  }
}

async function lockLabs(root: string): Promise<FileHandle> {
  for (;;) {
    await mkdir(root, { recursive: true, mode: 0o755 });
    const lock = await lockDirectory(root);
    // The last `down` removes the directory: a lock on a removed one locks nothing.
    const there = await stat(root).catch(() => null);
    if (there?.ino === (await lock.stat()).ino) return lock;
    await lock.close();
  }
}
