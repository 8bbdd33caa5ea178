import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { runCommand } from '../run-command.js';

/**
 * Downloads packages of Debian and unpacks them below `scratch`, without installing them, for as long as `use` takes.
 * @param choose says which, by what apt knows
 */
export async function withPackages<Result>(
  scratch: string,
  choose: () => Promise<string[]>,
  use: (root: string) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(scratch, 'packages-'));
  try {
    await download(directory, choose);
    const root = join(directory, 'root');
    for (const file of await readdir(directory))
      await runCommand('dpkg-deb', ['--extract', join(directory, file), root]);
    return await use(root);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The packages that `name` depends on and whose names match. */
export async function dependenciesOf(name: string, match: RegExp): Promise<string[]> {
  const lines = (await runCommand('apt-cache', ['depends', name])).split('\n');
  return lines
    .map((line) => /^ *Depends: (\S+)$/.exec(line)?.[1] ?? '')
    .filter((dependency) => match.test(dependency));
}

async function download(directory: string, choose: () => Promise<string[]>): Promise<void> {
  const get = async (): Promise<void> => {
    await runCommand('apt-get', ['-qq', 'download', ...(await choose())], { directory });
  };
  try {
    await get();
  } catch (error) {
    if (process.getuid?.() !== 0) throw notDownloaded(error);
    // The lists of packages may be missing or old: only root can get new ones.
    await runCommand('apt-get', ['-qq', 'update']);
    await get().catch((again: unknown) => {
      throw notDownloaded(again);
    });
  }
}

const notDownloaded = (cause: unknown): VsocketError =>
  new VsocketError(
    'not-downloaded',
    `cannot download packages of Debian: ${cause instanceof Error ? cause.message : String(cause)}`,
    'the machine must reach its Debian mirror; run apt-get update as root and try again',
    ExitCode.unreachable,
  );
