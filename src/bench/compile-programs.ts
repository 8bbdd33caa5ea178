import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { VsocketError } from '../errors/vsocket-error.js';

/** Seen from dist/src/bench. */
const sources = fileURLToPath(new URL('../../../src/bench/programs', import.meta.url));
const target = fileURLToPath(new URL('../../bench', import.meta.url));

const programs = [
  'round-trip',
  'stream',
  'connections',
  'many-connections',
  'idle',
  'live-flows',
  'datagrams',
  'neighbour',
  'smc-host',
] as const;
const preloads = ['smc-preload'] as const;
export type Program = (typeof programs)[number] | (typeof preloads)[number];

export const pathOf = (program: Program): string => join(target, program);

/** Compiles the benchmark’s own programs to dist/bench. */
export async function compilePrograms(): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const program of programs) await compile(program, []);
  for (const preload of preloads) await compile(preload, ['-shared', '-fPIC']);
}

async function compile(program: Program, more: readonly string[]): Promise<void> {
  const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', ...more, '-o', pathOf(program)];
  try {
    await promisify(execFile)('gcc', [...flags, join(sources, `${program}.c`)]);
  } catch (error) {
    const [detail] = error instanceof Error ? error.message.split('\n').slice(-1) : [String(error)];
    throw new VsocketError('no-compiler', `cannot compile ${program}.c: ${detail}`, 'is gcc installed?');
  }
}
