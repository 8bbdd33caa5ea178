import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { VsocketError } from '../errors/vsocket-error.js';
import type { ProcessorShare } from './busy/processor-share.js';
import type { Started } from './vms.js';

const labProgram = fileURLToPath(new URL('../../../bin/vsocket-lab', import.meta.url));
const startMilliseconds = 20_000;
const stopMilliseconds = 3000;
/** No run is that long. */
const usualLimitMilliseconds = 120_000;

/** vsocket-lab for one laboratory. */
export class LabProgram {
  /** What the lab’s programs get of the processors; null: all. */
  share: ProcessorShare | null = null;

  /**
   * @param ownEndMilliseconds how long a program gets to end by itself
   * @param environment what its hosts and programs have besides this process’s own
   */
  constructor(
    readonly name: string,
    private readonly signal: AbortSignal,
    private readonly ownEndMilliseconds = 100,
    private readonly environment: Readonly<Record<string, string>> = {},
  ) {}

  /** Opens the lab for `use`, and takes it down whatever happens. */
  async open<Result>(upOptions: readonly string[], use: () => Promise<Result>): Promise<Result> {
    try {
      await finish(this.spawn(['up', ...upOptions], this.signal), 'vsocket-lab up');
      return await use();
    } finally {
      await finish(this.spawn(['down']), 'vsocket-lab down');
    }
  }

  /** Runs a program to its end, or until it takes too long; `place` is for vsocket-lab exec. @returns its stdout */
  async run(
    place: readonly string[],
    command: readonly string[],
    limitMilliseconds = usualLimitMilliseconds,
  ): Promise<string> {
    const child = await this.exec(place, command);
    const late = setTimeout(() => abandon(child), limitMilliseconds);
    try {
      return await finish(child, command.join(' '));
    } finally {
      clearTimeout(late);
    }
  }

  /** Starts a program; returns once its stdout has matched `ready`. */
  async start(place: readonly string[], command: readonly string[], ready: RegExp): Promise<Started> {
    const child = await this.exec(place, command);
    await untilReady(child, ready, command.join(' '));
    return { stop: () => stop(child, this.ownEndMilliseconds) };
  }

  private async exec(place: readonly string[], command: readonly string[]): Promise<ChildProcess> {
    const child = this.spawn(['exec', ...place, '--', ...command], this.signal);
    if (child.pid !== undefined) await this.share?.take(child.pid); // which becomes the program
    return child;
  }

  private spawn([command = '', ...words]: string[], signal?: AbortSignal): ChildProcess {
    const child = spawn(process.execPath, [labProgram, command, '--name', this.name, ...words], {
      stdio: 'pipe',
      env: { ...process.env, ...this.environment },
      ...(signal ? { signal } : {}),
    });
    child.on('error', () => undefined); // an abort; whoever waits for it sees the end
    return child;
  }
}

/** What runs in an emulated machine may be past all signals, and hold the child’s output open. */
function abandon(child: ChildProcess): void {
  child.kill('SIGKILL');
  child.stdout?.destroy();
  child.stderr?.destroy();
}

async function finish(child: ChildProcess, what: string): Promise<string> {
  let stdout = '';
  let stderr = '';
  child.stdin?.end();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code === 0) return stdout;
  throw failure(what, stderr, code ?? signal);
}

function failure(what: string, stderr: string, outcome: number | string | null): VsocketError {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  return new VsocketError('program-failed', `${what}: ${line === '' ? `ended with ${outcome}` : line}`);
}

function untilReady(child: ChildProcess, ready: RegExp, what: string): Promise<void> {
  let stdout = '';
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGTERM');
      reject(new VsocketError('program-failed', `${what}: not ready in ${startMilliseconds / 1000} s`));
    }, startMilliseconds);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (!ready.test(stdout)) return;
      clearTimeout(late);
      resolve();
    });
    child.once('close', (code, signal) => {
      clearTimeout(late);
      reject(failure(what, stderr, code ?? signal));
    });
  });
}

async function stop(child: ChildProcess, ownEndMilliseconds: number): Promise<void> {
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  child.stdin?.end();
  if (!ended()) await Promise.race([once(child, 'close'), sleep(ownEndMilliseconds)]);
  if (ended()) return;
  child.kill('SIGTERM');
  await Promise.race([once(child, 'close'), sleep(stopMilliseconds)]);
  if (!ended()) abandon(child);
}
