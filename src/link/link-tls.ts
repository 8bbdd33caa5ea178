import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { LinkConfig } from '../config/host-config.js';
import type { HostAddress } from '../directory/directory.js';
import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';

const handshakeMilliseconds = 5000;

interface Credentials {
  cert: Buffer;
  key: Buffer;
  ca: Buffer;
}

/** The host’s own certificate and key, and the authority that it believes. @throws VsocketError */
export function readCredentials(config: LinkConfig): Credentials {
  const read = (key: 'certificate' | 'key' | 'authority'): Buffer => {
    try {
      return readFileSync(config[key]);
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? String(error);
      throw new VsocketError(
        'bad-config',
        `link.${key}: ${config[key]} cannot be read (${why})`,
        '',
        ExitCode.usage,
      );
    }
  };
  return { cert: read('certificate'), key: read('key'), ca: read('authority') };
}

/** Who is at the other end, as the authority certified it. */
export function certifiedName(socket: TLSSocket): string | null {
  const { subject } = socket.getPeerCertificate();
  const name: unknown = subject?.CN;
  return socket.authorized && typeof name === 'string' ? name : null;
}

/** Takes links of other hosts; only those with a certificate of the authority get through the handshake. */
export function listenForLinks(
  config: LinkConfig,
  credentials: Credentials,
  accepted: (socket: TLSSocket) => void,
): Promise<Server> {
  const options = {
    ...credentials,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    handshakeTimeout: handshakeMilliseconds,
  } as const;
  const server = createServer(options, accepted);
  server.on('tlsClientError', () => undefined); // a stranger; its own side is told why
  const { address, port } = config.listen;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new VsocketError(
          'link-not-served',
          `link.listen: cannot listen on ${address} port ${port} (${error.code ?? error.message})`,
        ),
      ),
    );
    server.listen({ host: address, port }, () => resolve(server));
  });
}

/** @throws Error when it cannot be reached, or is not who it should be */
export function dialLink(host: HostAddress, credentials: Credentials): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...credentials,
      host: host.address,
      port: host.port,
      servername: host.name,
      minVersion: 'TLSv1.3',
    });
    const timer = setTimeout(
      () => socket.destroy(new Error(`no answer within ${handshakeMilliseconds / 1000} s`)),
      handshakeMilliseconds,
    );
    socket.once('error', (error: Error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}
