import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VsocketError } from '../errors/vsocket-error.js';

const project = fileURLToPath(new URL('../../../', import.meta.url));
const sourceDirectory = join(project, 'src/guest');
const library = join(project, 'dist/libvsocket.so');
const flags = [
  ...['-std=gnu11', '-Wall', '-Wextra', '-pthread', '-fvisibility=hidden', '-I', sourceDirectory],
  // glibc declares poll’s array write-only, so gcc believes that a wrapper hands on what nobody has set.
  '-Wno-maybe-uninitialized',
];

export function compileGuestLibrary(): void {
  compileGuest(library, ['-O2', '-fPIC', '-shared']);
}

/**
 * Compiles the guest library’s sources, and those of another folder with them, unless what they make is newer than all
 * of them.
 */
export function compileGuest(made: string, moreFlags: readonly string[], otherSources?: string): void {
  const directories = [sourceDirectory, ...(otherSources === undefined ? [] : [otherSources])];
  const files = directories.flatMap((directory) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((file) => join(directory, file)),
  );
  const sources = files.filter((file) => file.endsWith('.c'));
  const headers = files.filter((file) => file.endsWith('.h'));
  const builtAt = statSync(made, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if ([...sources, ...headers].every((file) => statSync(file).mtimeMs < builtAt)) return;
  mkdirSync(dirname(made), { recursive: true });
  // Programs have the old one mapped: the new one takes its name, not its place.
  const fresh = `${made}.${process.pid}`;
  const { status } = spawnSync('gcc', [...flags, ...moreFlags, '-o', fresh, ...sources, '-ldl'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0)
    throw new VsocketError('compile-failed', 'gcc cannot compile the guest library', 'see above');
  renameSync(fresh, made);
}
