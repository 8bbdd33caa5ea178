import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { devicesDirectory } from '../native/verbs/constants.js';
import type { Statistic } from './parse-statistics.js';

/** The standard counters of a port (InfiniBand specification, PortCounters). Not every driver has them. */
export function standardPortCounters(device: string, port: number): Statistic[] {
  return readCounters(join(devicesDirectory, device, 'ports', String(port), 'counters'));
}

/** The driver’s counters of a whole device, which netlink does not tell. */
export function deviceCounters(device: string): Statistic[] {
  return readCounters(join(devicesDirectory, device, 'hw_counters'));
}

/** How long the driver may keep old values, in milliseconds: a file beside the counters that is none. */
const lifespanFile = 'lifespan';

function readCounters(directory: string): Statistic[] {
  return filesOf(directory).flatMap((name) => {
    const value = readNumber(join(directory, name));
    return value === null ? [] : [{ name, value }];
  });
}

/** Nothing where the driver has none, or the device has just gone. */
function filesOf(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name !== lifespanFile);
  } catch {
    return [];
  }
}

/** Null for a counter that the device does not have (EINVAL, `N/A (not available)`). */
function readNumber(file: string): number | null {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return /^\d+$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}
