import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { VsocketError } from '../../errors/vsocket-error.js';

/** Seen from dist/src/bench/hosts. */
const sources = fileURLToPath(new URL('../../../../src/bench/model-nic', import.meta.url));
const target = fileURLToPath(new URL('../../../bench/model-nic', import.meta.url));
/** The name under which vsockd looks for libibverbs. */
const library = join(target, 'libibverbs.so.1');
const pingPong = join(target, 'ping-pong');

/** In memory, and seen by all hosts of a lab. */
const sharedMemory = '/dev/shm';
const run = promisify(execFile);

/** How the model is set; docs/model-nic.md says where the figures are from. */
export const modelSettings = { delayNanoseconds: 2000, fetchNanoseconds: 500, gigabits: 100 } as const;

/** The name of the thread that stands for a NIC. */
export const modelThread = 'model-nic';

const RoundTrip = z.object({ p50Nanoseconds: z.number(), p99Nanoseconds: z.number() });
const Stream = z.object({ bytesPerSecond: z.number() });

/** Compiles the model to dist/bench. */
export async function compileModel(): Promise<void> {
  await mkdir(target, { recursive: true });
  const files = await readdir(sources);
  const ofLibrary = files.filter((file) => file.endsWith('.c') && file !== 'ping-pong.c');
  const inSources = (file: string): string => join(sources, file);
  const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra'];
  const shared = ['-shared', '-fPIC', '-pthread', '-Wl,-soname,libibverbs.so.1', '-o', library];
  await compile([...flags, ...shared, ...ofLibrary.map(inSources)]);
  await compile([...flags, '-o', pingPong, inSources('ping-pong.c'), library]);
}

async function compile(words: readonly string[]): Promise<void> {
  try {
    await run('gcc', words);
  } catch (error) {
    const [detail] = (error as Error).message.split('\n').filter((line) => line.includes('error'));
    const message = `cannot compile the modelled NIC: ${detail ?? (error as Error).message}`;
    throw new VsocketError('no-compiler', message, 'are gcc and libibverbs-dev installed?');
  }
}

/** Modelled NICs that see each other, and nobody else’s. */
export class ModelNics {
  private constructor(private readonly directory: string) {}

  static async open<Result>(use: (nics: ModelNics) => Promise<Result>): Promise<Result> {
    const nics = new ModelNics(await mkdtemp(join(sharedMemory, 'vsocket-model-nic-')));
    try {
      return await use(nics);
    } finally {
      await rm(nics.directory, { recursive: true, force: true });
    }
  }

  /** What makes a program take the model for the machine’s libibverbs. */
  get environment(): Record<string, string> {
    return {
      LD_LIBRARY_PATH: target,
      MODEL_NIC_DIRECTORY: this.directory,
      MODEL_NIC_DELAY_NANOSECONDS: String(modelSettings.delayNanoseconds),
      MODEL_NIC_FETCH_NANOSECONDS: String(modelSettings.fetchNanoseconds),
      MODEL_NIC_GIGABITS: String(modelSettings.gigabits),
    };
  }

  /** Bytes that all of them have sent. */
  async sentBytes(): Promise<number> {
    let sum = 0;
    for (const file of await readdir(this.directory)) {
      if (!file.startsWith('nic-')) continue;
      // struct nic_page of wire.h: two words, then the counts of messages and of bytes.
      const page = await readFile(join(this.directory, file));
      sum += Number(page.readBigUInt64LE(16));
    }
    return sum;
  }

  /** What the model does by itself, between two processes without vsockd: figures of the benchmark, by key. */
  async alone(milliseconds: number, signal: AbortSignal): Promise<Record<string, number>> {
    const ask = async (what: string): Promise<unknown> => {
      const options = { env: { ...process.env, ...this.environment }, signal, timeout: 60_000 };
      return JSON.parse((await run(pingPong, [what, String(milliseconds)], options)).stdout) as unknown;
    };
    const { p50Nanoseconds, p99Nanoseconds } = RoundTrip.parse(await ask('round-trip'));
    const { bytesPerSecond } = Stream.parse(await ask('stream'));
    return {
      roundTripP50: p50Nanoseconds / 1000,
      roundTripP99: p99Nanoseconds / 1000,
      stream64KiB: bytesPerSecond / 1e9,
      streams64KiB: bytesPerSecond / 1e9,
    };
  }
}
