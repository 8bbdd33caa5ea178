import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { VsocketError } from '../../errors/vsocket-error.js';
import { runCommand } from '../run-command.js';
import { cached } from './cached.js';
import { initScript } from './init-script.js';
import { modulesInOrder, wantedModules } from './kernel-modules.js';
import { withKernel, type UnpackedKernel } from './kernel-package.js';

const busybox = '/bin/busybox';
export const emulatorProgram = '/usr/bin/qemu-system-x86_64';

export interface BootImage {
  kernel: string;
  initramfs: string;
}

const imageIn = (directory: string): BootImage => ({
  kernel: join(directory, 'vmlinuz'),
  initramfs: join(directory, 'initramfs'),
});

/** @throws VsocketError when this machine lacks what the machines are made with */
function assertPackages(): void {
  if (existsSync(busybox) && existsSync(emulatorProgram)) return;
  throw new VsocketError(
    'missing-packages',
    'the emulated machines need QEMU and busybox',
    'run as root: node dist/src/setup/main.js rdma-lab',
  );
}

/**
 * Kernel and initramfs for the machines, made once and then kept in the user’s cache. Its name is made of what went
 * into it, the kernel’s version excepted: which kernel of Debian it is does not matter.
 */
export async function bootImage(tell: (text: string) => void): Promise<BootImage> {
  assertPackages();
  const recipe = createHash('sha256')
    .update(initScript)
    .update(JSON.stringify(wantedModules))
    .update(await readFile(busybox))
    .digest('hex');
  const directory = await cached(`boot-${recipe.slice(0, 16)}`, async (fresh) => {
    tell('fetching Debian’s kernel (once)\n');
    await makeImage(fresh);
  });
  return imageIn(directory);
}

async function makeImage(fresh: string): Promise<void> {
  await withKernel(fresh, async (kernel) => {
    await copyFile(kernel.image, imageIn(fresh).kernel);
    await packInitramfs(kernel, join(fresh, 'files'), imageIn(fresh).initramfs);
  });
  await rm(join(fresh, 'files'), { recursive: true });
}

async function packInitramfs(kernel: UnpackedKernel, files: string, archive: string): Promise<void> {
  for (const place of ['bin', 'dev', 'proc', 'sys', 'modules', 'outside', 'written', 'root'])
    await mkdir(join(files, place), { recursive: true });
  await copyFile(busybox, join(files, 'bin/busybox'));
  await writeFile(join(files, 'init'), initScript);
  await chmod(join(files, 'init'), 0o755);
  const modules = modulesInOrder(kernel.modules);
  for (const path of modules)
    await copyFile(join(kernel.modules, path), join(files, 'modules', basename(path)));
  await writeFile(join(files, 'modules/order'), `${modules.map((path) => basename(path)).join('\n')}\n`);
  const pack = 'cd "$1" && "$2" find . | "$2" cpio -o -H newc > "$3" 2>/dev/null';
  await runCommand('sh', ['-c', pack, 'sh', files, busybox, archive]);
}
