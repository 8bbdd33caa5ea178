import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { down } from '../down.js';
import { labEnvironment } from '../environment.js';
import { withLabsLocked } from '../lab-lock.js';
import { LabPaths, projectDirectory } from '../lab-paths.js';
import { reportError } from '../report-error.js';
import { up } from '../up.js';
import { startTraffic } from './traffic.js';

/** `npm start`: a lab of its own with real programs’ traffic, `vsockctl top` in it, and nothing left afterwards. */
const prefix = 'demo-';

async function demo(topOptions: string[]): Promise<number> {
  const paths = new LabPaths(`${prefix}${process.pid}`);
  const stopped = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
  for (const signal of signals) process.on(signal, () => stopped.abort(signal));
  await withLabsLocked(paths, async () => {
    await removeRuins(paths.root);
    await up(paths);
  });
  try {
    await startTraffic(paths, stopped.signal);
    return await runTop(paths, topOptions, stopped.signal);
  } finally {
    stopped.abort();
    await withLabsLocked(paths, () => down(paths));
  }
}

/** Takes down the labs of demos that were killed. */
async function removeRuins(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const owner = name.startsWith(prefix) ? name.slice(prefix.length) : null;
    if (owner !== null && !existsSync(`/proc/${owner}`)) await down(new LabPaths(name));
  }
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
