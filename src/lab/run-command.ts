import { spawn } from 'node:child_process';
import { VsocketError } from '../errors/vsocket-error.js';

export interface RunOptions {
  /** Written to the program’s stdin. */
  input?: string;
  directory?: string;
}

/**
 * Runs a program to its end and returns its stdout.
 * @throws VsocketError with the program’s own first line when it fails
 */
export async function runCommand(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A program that ends before it has read its input is judged by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const outcome = await new Promise<string | number>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'ended'));
  });
  if (outcome === 0) return stdout;
  const detail = stderr.trim().split('\n')[0] || `ended with ${outcome}`;
  throw new VsocketError('command-failed', `${[command, ...args].join(' ')}: ${detail}`);
}
