import { accessSync, constants } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { includedPurposes, systemPackages, type Purpose } from './system-packages.js';

/** Names of the Debian packages that a purpose needs and this system lacks. */
export function missingPackages(purpose: Purpose): string[] {
  const wanted = includedPurposes[purpose];
  return systemPackages
    .filter(({ neededFor }) => neededFor.some((each) => wanted.includes(each)))
    .filter(({ provides }) => !isPresent(provides))
    .map((entry) => entry.package);
}

function isPresent(provides: string): boolean {
  if (isAbsolute(provides)) return isAccessible(provides, constants.R_OK);
  // Programs for root are not in every user’s PATH.
  const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  return directories.some((directory) => isAccessible(join(directory, provides), constants.X_OK));
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
