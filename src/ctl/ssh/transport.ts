import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import type { ResolvedHost } from './resolve-host.js';
import { unreachableError } from './ssh-errors.js';

/** A byte stream to the host's sshd over plain TCP. Errors: unreachable. */
export function openTcp(host: ResolvedHost, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host.hostname, port: host.port, family: host.family, noDelay: true });
    const give = (): void => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', give, { once: true });
    socket.once('connect', () => {
      signal.removeEventListener('abort', give);
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', give);
      reject(connectError(host, error));
    });
  });
}

/**
 * A byte stream through the ProxyCommand of the user's own configuration. A shell runs it, as ssh does it; nothing
 * but what ssh puts in (host name, port, user: all of them checked) comes from elsewhere.
 */
export function openProxyCommand(
  host: ResolvedHost,
  command: string,
  environment: NodeJS.ProcessEnv,
): Duplex {
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], {
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stream = Duplex.from({ writable: child.stdin, readable: child.stdout });
  let lastWords = '';
  child.stderr.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString('utf8')).slice(-500);
  });
  child.once('exit', (status, signalName) => {
    if (stream.destroyed || (status === 0 && signalName === null)) return;
    const why = lastWords.trim().split('\n').at(-1) ?? '';
    const end = signalName === null ? `status ${String(status)}` : `signal ${signalName}`;
    const message = `the ProxyCommand for ${host.name} ended with ${end}${why === '' ? '' : `: ${why}`}`;
    stream.destroy(unreachableError('proxy-command', message, 'try it by hand'));
  });
  stream.once('close', () => child.kill());
  return stream;
}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name service does not answer',
};

function connectError(host: ResolvedHost, error: NodeJS.ErrnoException): Error {
  const why = reasons[error.code ?? ''] ?? error.message;
  const place = `${host.hostname} port ${String(host.port)}`;
  return unreachableError(
    'connect-failed',
    `cannot connect to ${place}: ${why}`,
    'check that it is up and runs sshd',
  );
}
