import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { vsockdProgram, type LabPaths } from './lab-paths.js';
import { recordProcess } from './process-record.js';

const firstPauseMilliseconds = 100;
const longestPauseMilliseconds = 2000;
const steadyMilliseconds = 5000;

/** Does for vsockd what systemd does on a real host: starts it again when it ends, slower if it ends at once. */
export async function supervise(paths: LabPaths, host: string): Promise<never> {
  const log = openSync(paths.hostFile(host, 'vsockd.log'), 'a');
  let pauseMilliseconds = firstPauseMilliseconds;
  for (;;) {
    const startedAt = Date.now();
    const vsockd = spawn(process.execPath, [vsockdProgram, '--config', paths.hostFile(host, 'vsockd.json')], {
      stdio: ['ignore', log, log],
    });
    const ended = once(vsockd, 'close');
    await recordProcess(paths, `${host}.vsockd`, vsockd.pid!);
    const [code, signal] = (await ended) as [number | null, string | null];
    if (Date.now() - startedAt > steadyMilliseconds) pauseMilliseconds = firstPauseMilliseconds;
    process.stderr.write(`vsockd ended with ${code ?? signal}, again in ${pauseMilliseconds} ms\n`);
    await sleep(pauseMilliseconds);
    pauseMilliseconds = Math.min(2 * pauseMilliseconds, longestPauseMilliseconds);
  }
}
