import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { runCommand } from '../run-command.js';

/** Debian’s stock kernel; this package is empty and depends on the one with the newest kernel. */
const metaPackage = 'linux-image-amd64';

export interface UnpackedKernel {
  /** The kernel itself. */
  image: string;
  /** Its modules, with modules.dep. */
  modules: string;
}

/** Downloads and unpacks the kernel below `scratch`, without installing it, for as long as `use` takes. */
export async function withKernel<Result>(
  scratch: string,
  use: (kernel: UnpackedKernel) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(scratch, 'kernel-'));
  try {
    await download(directory);
    const [file] = await readdir(directory);
    const root = join(directory, 'root');
    await runCommand('dpkg-deb', ['--extract', join(directory, file!), root]);
    const [release] = await readdir(join(root, 'lib/modules'));
    await runCommand('depmod', ['--basedir', root, release!]);
    return await use({
      image: join(root, `boot/vmlinuz-${release}`),
      modules: join(root, 'lib/modules', release!),
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function download(directory: string): Promise<void> {
  const get = async (): Promise<void> => {
    const depends = await runCommand('apt-cache', ['depends', metaPackage]);
    const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
    if (name === undefined) throw new VsocketError('no-kernel', `apt knows no package ${metaPackage}`);
    await runCommand('apt-get', ['-qq', 'download', name], { directory });
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
    'no-kernel',
    `cannot download Debian’s kernel: ${cause instanceof Error ? cause.message : String(cause)}`,
    'the machine must reach its Debian mirror; run apt-get update as root and try again',
    ExitCode.unreachable,
  );
