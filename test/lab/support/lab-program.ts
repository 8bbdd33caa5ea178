import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { randomUUID } from 'node:crypto';

export const labProgram = fileURLToPath(new URL('../../../../bin/vsocket-lab', import.meta.url));

/** Every process that the tests’ labs start inherits this variable: what is left behind can be found. */
const mark = `VSOCKET_LAB_TEST=${randomUUID()}`;
const environment = { ...process.env, [mark.split('=')[0]!]: mark.split('=')[1] };

export interface Ended {
  stdout: string;
  stderr: string;
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Runs bin/vsocket-lab to its end. */
export async function lab(
  words: string[],
  options: { input?: string; killAfter?: number } = {},
): Promise<Ended> {
  const child = spawn(labProgram, words, { env: environment, stdio: 'pipe' });
  const killer =
    options.killAfter === undefined ? null : setTimeout(() => child.kill('SIGKILL'), options.killAfter);
  const ended: Ended = { stdout: '', stderr: '', code: null, signal: null };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      Object.assign(ended, { code, signal });
      resolve();
    });
  });
  if (killer) clearTimeout(killer);
  return ended;
}

/** The same for a command that must succeed; returns its stdout. */
export async function labOk(...words: string[]): Promise<string> {
  const { stdout, stderr, code, signal } = await lab(words);
  if (code !== 0) throw new Error(`vsocket-lab ${words.join(' ')} ended with ${code ?? signal}: ${stderr}`);
  return stdout;
}

/** A program that stays, in a VM without the guest library. */
export const inBackground = (name: string, vm: string, ...command: string[]): ChildProcess =>
  spawn(labProgram, ['exec', '--name', name, vm, '--plain', '--', ...command], {
    env: environment,
    stdio: 'ignore',
  });

/** Waits until a child has become the program of this name. */
export async function untilRuns(child: ChildProcess, program: string): Promise<void> {
  while (readFileSync(`/proc/${child.pid}/comm`, 'utf8').trim() !== program) await sleep(10);
}

/** Processes that a test’s lab started and that still run, by pid. */
export function processesLeft(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(mark);
      } catch {
        return false; // gone meanwhile
      }
    })
    .map(Number);
}

export const mountsOf = (directory: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(directory));
