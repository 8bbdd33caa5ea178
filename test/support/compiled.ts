import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const sources = new URL('../../../test/fixtures/', import.meta.url).pathname;
const programs = new URL('../fixtures/', import.meta.url).pathname;
const flags = [
  ...['-O1', '-Wall', '-Wextra', '-Werror', '-pthread'],
  // Programs that export their names, and such as use what is old.
  ...['-rdynamic', '-Wno-deprecated-declarations'],
];

/** The program that a fixture in C or C++ makes, compiled unless it is newer than all that lies beside its source. */
export function compiled(source: string): string {
  const program = programs + source.replace(/\.\w+$/, '');
  const builtAt = statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const directory = dirname(sources + source);
  if (readdirSync(directory).every((file) => statSync(join(directory, file)).mtimeMs < builtAt))
    return program;
  const compiler = source.endsWith('.cpp') ? ['g++', '-std=c++17'] : ['gcc', '-std=gnu11'];
  mkdirSync(dirname(program), { recursive: true });
  execFileSync('env', [...compiler, ...flags, '-o', program, sources + source]);
  return program;
}
