import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
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
