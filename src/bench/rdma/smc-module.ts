import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VsocketError } from '../../errors/vsocket-error.js';
import { bootImage } from '../../lab/machine/boot-image.js';
import { cached } from '../../lab/machine/cached.js';
import { dependenciesOf, withPackages } from '../../lab/machine/debian-packages.js';
import { kernelRelease } from '../../lab/machine/kernel-release.js';
import { runCommand } from '../../lab/run-command.js';

const name = 'rxe-for-smc';
/** Seen from dist/src/bench/rdma. */
const source = fileURLToPath(new URL(`../../../../src/bench/modules/${name}.c`, import.meta.url));

/** The kernel module without which SMC-R does not run on Soft-RoCE, or why there is none. */
export type SmcModule = { file: string } | { problem: string };

/** Compiles the module for the kernel of the lab’s machines, once; to be done before they run, so that they see it. */
export async function compileSmcModule(progress: (text: string) => void): Promise<SmcModule> {
  try {
    const image = await bootImage(progress);
    const release = await kernelRelease(image.kernel);
    const recipe = createHash('sha256').update(await readFile(source));
    const directory = await cached(`${name}-${release}-${recipe.digest('hex').slice(0, 16)}`, (fresh) => {
      progress('compiling a kernel module for SMC-R (once)');
      return withPackages(
        fresh,
        () => headersOf(release),
        (root) => compile(root, release, fresh),
      );
    });
    return { file: join(directory, `${name}.ko`) };
  } catch (error) {
    if (error instanceof VsocketError) return { problem: error.line };
    throw error;
  }
}

/** What a module for Debian’s kernel is compiled with, the compiler excepted. */
async function headersOf(release: string): Promise<string[]> {
  const headers = `linux-headers-${release}`;
  return [headers, ...(await dependenciesOf(headers, /^linux-(headers|kbuild)-/))];
}

async function compile(root: string, release: string, target: string): Promise<void> {
  const module = join(root, 'module');
  await mkdir(module);
  await copyFile(source, join(module, `${name}.c`));
  await writeFile(join(module, 'Kbuild'), `obj-m := ${name}.o\n`);
  const headers = join(root, 'usr/src');
  const common = (await readdir(headers)).find((each) => /^linux-headers-.*-common$/.test(each));
  // The headers’ own Makefile only includes the common one, by the path where an installed one would be.
  const makefile = join(headers, common ?? '', 'Makefile');
  await runCommand('make', ['-C', join(headers, `linux-headers-${release}`), '-f', makefile, `M=${module}`]);
  await copyFile(join(module, `${name}.ko`), join(target, `${name}.ko`));
}
