import { accessSync, constants, readdirSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { deviceFilesDirectory, devicesDirectory } from './constants.js';

/** Why there is no RDMA here, or not with this device: `message` is a line for people. */
export class RdmaUnavailable extends Error {
  override readonly name = 'RdmaUnavailable';
}

/** Why libibverbs lists no device: it leaves out, silently, those that it cannot use. */
export function whyNoDevices(): string {
  const devices = namesIn(devicesDirectory).join(', ');
  if (devices === '') return 'no RDMA device';
  const files = namesIn(deviceFilesDirectory).filter((name) => name.startsWith('uverbs'));
  if (files.length === 0) return `${devices}: the kernel lets no program use it; modprobe ib_uverbs`;
  const problem = files.map(problemWithFile).find((each) => each !== null);
  return problem ?? `${devices}: libibverbs has no driver for it; install ibverbs-providers`;
}

/** Why a device file cannot be opened; libibverbs tries more than one way and tells the last one’s error. */
export function problemWithFile(file: string): string | null {
  const path = `/dev/infiniband/${file}`;
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return null;
  } catch (error) {
    return `${path}: ${errnoText(-((error as NodeJS.ErrnoException).errno ?? 0))}`;
  }
}

export function errnoText(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[1] ?? `error ${errno}`;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
