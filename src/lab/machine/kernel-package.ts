import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VsocketError } from '../../errors/vsocket-error.js';
import { runCommand } from '../run-command.js';
import { dependenciesOf, withPackages } from './debian-packages.js';

/** Debian’s stock kernel; this package is empty and depends on the one with the newest kernel. */
const metaPackage = 'linux-image-amd64';

export interface UnpackedKernel {
  /** The kernel itself. */
  image: string;
  /** Its modules, with modules.dep. */
  modules: string;
}

/** Downloads and unpacks the kernel below `scratch`, without installing it, for as long as `use` takes. */
export function withKernel<Result>(
  scratch: string,
  use: (kernel: UnpackedKernel) => Promise<Result>,
): Promise<Result> {
  return withPackages(scratch, newestKernel, async (root) => {
    const [release] = await readdir(join(root, 'lib/modules'));
    await runCommand('depmod', ['--basedir', root, release!]);
    return use({
      image: join(root, `boot/vmlinuz-${release}`),
      modules: join(root, 'lib/modules', release!),
    });
  });
}

async function newestKernel(): Promise<string[]> {
  const [name] = await dependenciesOf(metaPackage, /^linux-image-/);
  if (name === undefined) throw new VsocketError('no-kernel', `apt knows no package ${metaPackage}`);
  return [name];
}
