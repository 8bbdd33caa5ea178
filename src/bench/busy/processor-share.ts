import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { VsocketError } from '../../errors/vsocket-error.js';

const prefix = 'vsocket-bench-';
const periodMicroseconds = 100_000;
/** A process that ended is in its group for a moment. */
const patienceMilliseconds = 5000;

/** A cgroup whose processes together get a share of one core: cpu.max, or what was before it. */
export class ProcessorShare {
  private constructor(private readonly directory: string) {}

  /** @param cores such as 0.5 */
  static async open<Result>(cores: number, use: (share: ProcessorShare) => Promise<Result>): Promise<Result> {
    const root = await groupsOfProcessor();
    await removeAbandoned(root);
    const directory = join(root, `${prefix}${process.pid}`);
    await mkdir(directory).catch((error: Error) => {
      throw noGroup(error.message);
    });
    try {
      await limit(directory, Math.round(cores * periodMicroseconds));
      return await use(new ProcessorShare(directory));
    } finally {
      await remove(directory);
    }
  }

  /** The process, and what it starts from now on. */
  take(pid: number): Promise<void> {
    return writeFile(join(this.directory, 'cgroup.procs'), String(pid));
  }
}

/** Where groups with a share of the processors are made: cgroup 2, or 1 where that still has the controller. */
async function groupsOfProcessor(): Promise<string> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  for (const [, place = '', kind, options = ''] of mounts) {
    if (kind === 'cgroup' && options.split(',').includes('cpu')) return place;
    if (kind !== 'cgroup2') continue;
    const controllers = await readFile(join(place, 'cgroup.subtree_control'), 'utf8');
    if (controllers.split(/\s/).includes('cpu')) return place;
  }
  throw noGroup('no cgroup file system here has the cpu controller');
}

const noGroup = (why: string): VsocketError =>
  new VsocketError('no-cgroup', `cannot make a cgroup: ${why}`, 'run it as root on a host');

async function limit(directory: string, microseconds: number): Promise<void> {
  const modern = join(directory, 'cpu.max');
  if (existsSync(modern)) return writeFile(modern, `${microseconds} ${periodMicroseconds}`);
  await writeFile(join(directory, 'cpu.cfs_period_us'), String(periodMicroseconds));
  await writeFile(join(directory, 'cpu.cfs_quota_us'), String(microseconds));
}

/** What a benchmark left that was killed. */
async function removeAbandoned(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const pid = name.startsWith(prefix) ? name.slice(prefix.length) : null;
    if (pid !== null && !existsSync(`/proc/${pid}`)) await remove(join(root, name));
  }
}

async function remove(directory: string): Promise<void> {
  for (const end = performance.now() + patienceMilliseconds; ; await sleep(50)) {
    try {
      return await rmdir(directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || performance.now() > end) throw error;
    }
  }
}
