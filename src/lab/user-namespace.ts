import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';
import { replaceProcess } from '../native/replace-process.js';
import { startHolderProcess } from './holder-process.js';
import type { LabPaths } from './lab-paths.js';
import { isRunning, ProcessRecord, recordOf } from './process-record.js';

/**
 * Without root, a lab lives in a user namespace of its own, where its user is root. A keeper process holds it
 * together with a mount namespace; `up` and `down` go in and work there as they do for the real root.
 */
export const rootless = process.getuid?.() !== 0;

/** Set for the commands that work inside: the keeper’s pid. */
const keeperVariable = 'VSOCKET_LAB_KEEPER';

export interface UserNamespace {
  keeper: number;
  /** The user’s real ids: the namespace’s root outside of it. */
  uid: number;
  gid: number;
}

/** The user namespace that this process works in; null for the real root. */
export function userNamespace(): UserNamespace | null {
  const keeper = process.env[keeperVariable];
  if (keeper === undefined) return null;
  // A line of uid_map: first id inside, first id outside, count (user_namespaces(7)).
  const outside = (map: string): number => Number(readFileSync(map, 'utf8').trim().split(/\s+/)[1]);
  return { keeper: Number(keeper), uid: outside('/proc/self/uid_map'), gid: outside('/proc/self/gid_map') };
}

/** The pid of a lab’s keeper, if it runs. */
export async function runningKeeper(paths: LabPaths): Promise<number | null> {
  const text = await readFile(paths.keeperRecord, 'utf8').catch(() => null);
  if (text === null) return null;
  const record = ProcessRecord.parse(JSON.parse(text));
  return isRunning(record) ? record.pid : null;
}

export async function startKeeper(paths: LabPaths): Promise<number> {
  const note = (pid: number): Promise<void> => writeFile(paths.keeperRecord, JSON.stringify(recordOf(pid)));
  const keeper = await startHolderProcess(['--user', '--map-root-user', '--mount'], note);
  if (keeper !== null) return keeper;
  throw new VsocketError(
    'no-user-namespaces',
    'the kernel gives this user no user namespace',
    'run it as root, or allow them (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)',
    ExitCode.refused,
  );
}

/** Ends the keeper through which this process came in; its own end is then the end of the namespaces. */
export async function endKeeper(paths: LabPaths): Promise<void> {
  const inside = userNamespace();
  if (inside === null) return;
  process.kill(inside.keeper, 'SIGKILL');
  await rm(paths.keeperRecord, { force: true });
}

/** Goes on with this same command as root of the lab’s user namespace. */
export function continueInside(paths: LabPaths, keeper: number): never {
  const enter = [`--target=${keeper}`, '--user', '--mount', '--preserve-credentials', '--wdns=/', '--'];
  return replaceProcess('nsenter', [...enter, process.execPath, ...process.argv.slice(1)], {
    ...(process.env as Record<string, string>),
    VSOCKET_LAB_ROOT: paths.root,
    [keeperVariable]: String(keeper),
  });
}
