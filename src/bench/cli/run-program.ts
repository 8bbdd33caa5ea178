import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VsocketError } from '../../errors/vsocket-error.js';

export const vsockctl = fileURLToPath(new URL('../../../../bin/vsockctl', import.meta.url));

export interface RunOptions {
  environment?: NodeJS.ProcessEnv;
  /** What it reads. */
  input?: string;
  /** Whether the time of its first output is wanted: whoever reads what it writes takes processor time from it. */
  listens?: boolean;
  /** Ends it. */
  signal: AbortSignal;
}

export interface Run {
  seconds: number;
  /** Until it first wrote something; null where nobody listened, or it did not. */
  firstOutputSeconds: number | null;
  /** The most memory that it had, as far as was seen. */
  megabytes: number;
}

/** Runs a program to its end, with its output thrown away. */
export async function runProgram(
  command: readonly string[],
  { environment = process.env, input = '', listens = false, signal }: RunOptions,
): Promise<Run> {
  const [file = '', ...words] = command;
  const begin = performance.now();
  const seconds = (): number => (performance.now() - begin) / 1000;
  const stdio = ['pipe', listens ? 'pipe' : 'ignore', 'pipe'] as const;
  const child = spawn(file, words, { env: environment, stdio: [...stdio], signal });
  let firstOutputSeconds: number | null = null;
  child.stdout?.on('data', () => (firstOutputSeconds ??= seconds()));
  child.stdin?.on('error', () => undefined).end(input);
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  let megabytes = 0;
  const watch = setInterval(() => (megabytes = Math.max(megabytes, peakMegabytes(child.pid))), 50);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    const [line = ''] = complaint.split('\n');
    if (code !== 0) throw new VsocketError('program-failed', `${command.join(' ')}: ${line}`);
    return { seconds: seconds(), firstOutputSeconds, megabytes };
  } finally {
    clearInterval(watch);
  }
}

/** 0 where the process is gone. */
export function peakMegabytes(pid: number | undefined): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export async function median(times: number, measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let time = 0; time < times; time += 1) values.push(await measure());
  return values.sort((a, b) => a - b)[times >> 1]!;
}
