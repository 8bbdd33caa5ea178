import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { randomUUID } from 'node:crypto';
import { ExitCode } from '../../errors/exit-code.js';
import type { LabPaths } from '../lab-paths.js';
import { shellCommand } from '../quote-for-shell.js';
import { runCommand } from '../run-command.js';
import { onMachine } from './on-machine.js';

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
type PassedOn = (typeof passedOn)[number];

/**
 * The shell in the machine leads a process group of its own, notes it, and outlives the signals that are for its
 * program: so it tells how that ended, in the shell’s way (128 and the signal’s number).
 */
const script = (command: string, note: string): string =>
  `trap : INT TERM HUP QUIT USR1 USR2; echo $$ > ${note}; ${command}; code=$?; rm -f ${note}; exit $code`;

/** Runs a command in a machine as if it were here: input, output, exit code and signals. */
export async function runOnMachine(paths: LabPaths, host: string, command: readonly string[]): Promise<void> {
  const note = `/run/vsocket-exec-${randomUUID()}`;
  const terminal = process.stdin.isTTY && process.stdout.isTTY ? ['-t'] : [];
  const [ssh, ...args] = onMachine(paths, host, script(shellCommand(command), note), terminal);
  // Should this process be killed, nobody would end ssh.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ssh, ...args], { stdio: 'inherit' });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const passed = new Set<PassedOn>();
  const handlers = passedOn.map((signal) => {
    const handler = (): void => {
      passed.add(signal);
      void passOn(paths, host, note, signal);
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  const [code] = await ended;
  for (const [signal, handler] of handlers) process.off(signal, handler);
  const fatal = [...passed].find((signal) => code === 128 + constants.signals[signal]);
  // Who waits for this process sees the end that the program had.
  if (fatal !== undefined) process.kill(process.pid, fatal);
  else process.exitCode = code ?? ExitCode.failed;
}

/** Waits for the note: the signal may come before the program has begun. After its end there is none any more. */
async function passOn(paths: LabPaths, host: string, note: string, signal: PassedOn): Promise<void> {
  const name = signal.slice('SIG'.length);
  const kill = `for try in $(seq 100); do [ -s ${note} ] && break; sleep 0.1; done; kill -s ${name} -- -$(cat ${note})`;
  const [ssh, ...args] = onMachine(paths, host, kill);
  // The program may have ended meanwhile, and the machine with it.
  await runCommand(ssh, args).catch(() => undefined);
}
