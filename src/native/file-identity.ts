import { statSync } from 'node:fs';

/** Which file it is, whatever its name: device and inode. */
export function identityOf({ dev, ino }: { dev: number; ino: number }): string {
  return `${dev}:${ino}`;
}

/** Of the file under the path; null: there is none. @throws Error of the file system */
export function identityAt(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : identityOf(found);
}
