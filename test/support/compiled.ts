import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';

const sources = new URL('../../../test/fixtures/', import.meta.url).pathname;
const programs = new URL('../fixtures/', import.meta.url).pathname;

/** The program that a fixture in C or C++ makes, compiled unless it is newer than its source. */
export function compiled(source: string): string {
  const program = programs + source.replace(/\.\w+$/, '');
  const builtAt = statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (statSync(sources + source).mtimeMs < builtAt) return program;
  const compiler = source.endsWith('.cpp') ? ['g++', '-std=c++17'] : ['gcc', '-std=gnu11'];
  mkdirSync(program.slice(0, program.lastIndexOf('/')), { recursive: true });
  const flags = ['-O1', '-Wall', '-Wextra', '-Werror', '-pthread'];
  execFileSync('env', [...compiler, ...flags, '-o', program, sources + source]);
  return program;
}
