import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { labEnvironment } from '../environment.js';
import { LabPaths, projectDirectory } from '../lab-paths.js';
import { reportError } from '../report-error.js';
import { startTraffic } from './traffic.js';

/** `npm start`: a lab of its own with real programs’ traffic, `vsockctl top` in it, and nothing left afterwards. */
async function demo(topOptions: string[]): Promise<number> {
  const paths = new LabPaths(`demo-${process.pid}`);
  const stopped = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
  for (const signal of signals) process.on(signal, () => stopped.abort(signal));
  await removeRuins(paths.root);
  await labCommand('up', paths);
  try {
    await startTraffic(paths, stopped.signal);
    return await runTop(paths, topOptions, stopped.signal);
  } finally {
    stopped.abort();
    await labCommand('down', paths);
  }
}

/** Takes down the labs of demos that were killed. */
async function removeRuins(root: string): Promise<void> {
  for (const name of await readdir(root).catch(() => [])) {
    const owner = /^demo-(\d+)$/.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) await labCommand('down', new LabPaths(name));
  }
}

/** A process of its own, out of reach of the terminal’s signals: what it began, it ends. */
async function labCommand(command: 'up' | 'down', { name }: LabPaths): Promise<void> {
  const words = [join(projectDirectory, 'bin/vsocket-lab'), command, '--name', name];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'], detached: true });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0)
    throw new VsocketError('lab-failed', `vsocket-lab ${command} failed`, 'see above', ExitCode.failed);
}

/** Returns top’s exit code. */
async function runTop(paths: LabPaths, options: string[], stopped: AbortSignal): Promise<number> {
  if (stopped.aborted) return 128 + constants.signals.SIGTERM;
  const top = spawn(process.execPath, [join(projectDirectory, 'bin/vsockctl'), 'top', ...options], {
    stdio: 'inherit',
    env: { ...process.env, ...labEnvironment(paths) },
  });
  // The terminal sends its signals to top as well: a second one does no harm.
  stopped.addEventListener('abort', () => top.kill('SIGTERM'));
  const [code, signal] = (await once(top, 'close')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + constants.signals[signal ?? 'SIGTERM'];
}

process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
await demo(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
}, reportError);
