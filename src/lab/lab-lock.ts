import { mkdir, rmdir, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { VsocketError } from '../errors/vsocket-error.js';
import { lockDirectory } from '../native/lock-directory.js';
import type { LabPaths } from './lab-paths.js';

/** One `up` or `down` at a time on a machine; the directory of all labs is the lock. */
export async function withLabsLocked<Result>(paths: LabPaths, act: () => Promise<Result>): Promise<Result> {
  const lock = await lockLabs(paths.root);
  try {
    return await act();
  } finally {
    await rmdir(paths.root).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY') throw error; // labs are there
    });
    await lock.close();
  }
}

async function lockLabs(root: string): Promise<FileHandle> {
  for (;;) {
    await mkdir(root, { recursive: true, mode: 0o755 });
    const lock = await lockDirectory(root);
    if ((await lock.stat()).uid !== process.getuid?.()) {
      throw new VsocketError('foreign-directory', `${root} belongs to another user`, 'set XDG_RUNTIME_DIR');
    }
    // The last `down` removed the directory: a lock on a removed one locks nothing.
    const there = await stat(root).catch(() => null);
    if (there?.ino === (await lock.stat()).ino) return lock;
    await lock.close();
  }
}
