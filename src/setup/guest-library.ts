import { spawnSync } from 'node:child_process';
import { readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VsocketError } from '../errors/vsocket-error.js';

const project = fileURLToPath(new URL('../../../', import.meta.url));
const sourceDirectory = join(project, 'src/guest');
const library = join(project, 'dist/libvsocket.so');
const flags = [
  ...['-std=gnu11', '-O2', '-Wall', '-Wextra', '-fPIC', '-shared', '-pthread', '-fvisibility=hidden'],
  ...['-I', sourceDirectory],
  // glibc declares poll’s array write-only, so gcc believes that a wrapper hands on what nobody has set.
  '-Wno-maybe-uninitialized',
];

/** Compiles the guest library, unless it is newer than all it is made of. */
export function compileGuestLibrary(): void {
  const files = readdirSync(sourceDirectory, { recursive: true, encoding: 'utf8' }).map((file) =>
    join(sourceDirectory, file),
  );
  const sources = files.filter((file) => file.endsWith('.c'));
  const headers = files.filter((file) => file.endsWith('.h'));
  const builtAt = statSync(library, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if ([...sources, ...headers].every((file) => statSync(file).mtimeMs < builtAt)) return;
  // Programs have the old one mapped: the new one takes its name, not its place.
  const fresh = `${library}.${process.pid}`;
  const { status } = spawnSync('gcc', [...flags, '-o', fresh, ...sources, '-ldl'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0)
    throw new VsocketError('compile-failed', 'gcc cannot compile the guest library', 'see above');
  renameSync(fresh, library);
}
