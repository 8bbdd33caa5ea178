import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { VsocketError } from '../../errors/vsocket-error.js';
import { processorSeconds } from '../processor-time.js';
import { peakMegabytes, vsockctl } from './run-program.js';

export interface TopFigures {
  firstRowsSeconds: number;
  allHostsSeconds: number;
  /** Of one core, while nothing happens. */
  steadyShare: number;
  megabytes: number;
  /** The slowest of some keys. */
  keySeconds: number;
}

const limitSeconds = 300;
const steadySeconds = 20;
const keys = 20;

/** Runs `vsockctl top` on a pseudo-terminal of script(1), and looks at what comes out of it. */
export async function measureTop(
  hosts: number,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<TopFigures> {
  const command = `stty rows 40 columns 120; exec ${vsockctl} top --delay 2`;
  const env = { ...environment, TERM: 'xterm', LANG: 'C.UTF-8' };
  const begin = performance.now();
  const pause = (milliseconds: number): Promise<void> => sleep(milliseconds, undefined, { signal });
  const seconds = (): number => (performance.now() - begin) / 1000;
  const child = spawn('script', ['-qfec', command, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  let lastAt = 0;
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text = (text + stripVTControlCharacters(part)).slice(-100_000);
    lastAt = performance.now();
  });
  const until = async (pattern: RegExp): Promise<number> => {
    while (!pattern.test(text)) {
      if (child.exitCode !== null || seconds() > limitSeconds)
        throw new VsocketError('program-failed', `vsockctl top did not show ${String(pattern)}`);
      await pause(10);
    }
    return seconds();
  };
  try {
    const firstRowsSeconds = await until(/vm\d:/);
    const allHostsSeconds = await until(new RegExp(`hosts ${String(hosts)} ok`));
    await pause(5000);
    const pid = vsockctlBelow(child.pid!);
    const before = await processorSeconds(pid);
    await pause(steadySeconds * 1000);
    const steadyShare = ((await processorSeconds(pid)) - before) / steadySeconds;
    let keySeconds = 0;
    for (let key = 0; key < keys; key += 1) {
      await pause(137);
      const pressedAt = performance.now();
      child.stdin.write(key < keys / 2 ? 'j' : 'k');
      while (lastAt <= pressedAt) await pause(1);
      keySeconds = Math.max(keySeconds, (lastAt - pressedAt) / 1000);
    }
    return { firstRowsSeconds, allHostsSeconds, steadyShare, megabytes: peakMegabytes(pid), keySeconds };
  } finally {
    child.stdin.write('q');
    if (child.exitCode === null) await once(child, 'exit');
  }
}

/** script(1) runs a shell, which may run the program in its own place. */
function vsockctlBelow(pid: number): number {
  const below = readdirSync('/proc')
    .map(Number)
    .filter((candidate) => candidate > 0 && isChildOf(candidate, pid));
  return below.length === 0 ? pid : vsockctlBelow(below[0]!);
}

function isChildOf(candidate: number, pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${String(candidate)}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
  } catch {
    return false;
  }
}
