import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { checked, libc, SystemCallError } from './libc.js';

const flock = libc.func('int flock(int fd, int operation)');

/** sys/file.h */
const LOCK_EX = 2;
const LOCK_NB = 4;
/** asm-generic/errno-base.h */
const EAGAIN = 11;

/**
 * Waits for the exclusive lock of a directory. Closing the handle, or the end of the process, gives it back.
 * @throws SystemCallError
 */
export async function lockDirectory(path: string): Promise<FileHandle> {
  const handle = await open(path);
  for (;;) {
    try {
      checked('flock', flock(handle.fd, LOCK_EX | LOCK_NB) as number);
      return handle;
    } catch (error) {
      if (!(error instanceof SystemCallError && error.errno === EAGAIN)) {
        await handle.close();
        throw error;
      }
    }
    await sleep(50);
  }
}
