import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';

const usualMilliseconds = 20_000;
/** Each pause is longer than the last: what waits takes time from what it waits for. */
const firstPauseMilliseconds = 10;
const longestPauseMilliseconds = 500;
const growth = 1.1;
/** Set where everything takes longer. */
export const limitVariable = 'VSOCKET_LAB_WAIT_MILLISECONDS';

/** @throws VsocketError with the log’s last line when the condition does not come true in time; a lab taken down has no log */
export async function waitUntil(
  what: string,
  condition: () => Promise<boolean>,
  log?: string,
  limitMilliseconds = Number(process.env[limitVariable] ?? usualMilliseconds),
): Promise<void> {
  const deadline = Date.now() + limitMilliseconds;
  let pauseMilliseconds = firstPauseMilliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      const seconds = limitMilliseconds / 1000;
      const message = `waited ${seconds} s in vain until ${what}`;
      throw new VsocketError('timeout', message, await endOfLog(log), ExitCode.unreachable);
    }
    await sleep(pauseMilliseconds);
    pauseMilliseconds = Math.min(pauseMilliseconds * growth, longestPauseMilliseconds);
  }
}

/** The last line of a log, as a remedy to be read. */
export async function endOfLog(log: string | undefined): Promise<string> {
  if (log === undefined) return '';
  // A program that has not begun yet has no log.
  const lines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n');
  return `${log} ends with: ${stripVTControlCharacters(lines.at(-1) ?? '')}`;
}
