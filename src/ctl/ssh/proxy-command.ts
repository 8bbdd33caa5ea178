import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Duplex } from 'node:stream';
import type { ResolvedHost } from './resolve-host.js';
import { unreachableError } from './ssh-errors.js';

/**
 * A byte stream through the ProxyCommand of the user's own configuration. A shell runs it, as ssh does it; nothing
 * but what ssh puts in (host name, port, user: all of them checked) comes from elsewhere.
 */
export class ProxyCommandStream extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  #lastWords = '';

  constructor(host: ResolvedHost, command: string, environment: NodeJS.ProcessEnv) {
    super();
    this.#child = spawn('/bin/sh', ['-c', `exec ${command}`], { env: environment, stdio: 'pipe' });
    const { stdin, stdout, stderr } = this.#child;
    stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause();
    });
    stderr.on(
      'data',
      (chunk: Buffer) => (this.#lastWords = (this.#lastWords + chunk.toString('utf8')).slice(-500)),
    );
    // A command that has ended says more by its status and its last words than by a broken pipe.
    stdin.on('error', () => undefined);
    this.#child.once('error', (error) => this.destroy(error));
    this.#child.once('close', (status, signal) => {
      if (status === 0) this.push(null);
      else this.destroy(this.#ended(host, signal === null ? `status ${String(status)}` : `signal ${signal}`));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#child.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill();
    // One that was stopped (SIGSTOP) takes no other signal before this one.
    this.#child.kill('SIGCONT');
    done(error);
  }

  #ended(host: ResolvedHost, how: string): Error {
    const why = this.#lastWords.trim().split('\n').at(-1) ?? '';
    const message = `the ProxyCommand for ${host.name} ended with ${how}${why === '' ? '' : `: ${why}`}`;
    return unreachableError('proxy-command', message, 'try it by hand');
  }
}
