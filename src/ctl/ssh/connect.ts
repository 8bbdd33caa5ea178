import type { Duplex } from 'node:stream';
import ssh2, { type ConnectConfig } from 'ssh2';
import { VsocketError } from '../../errors/vsocket-error.js';
import { offeredAlgorithms } from './algorithms.js';
import { planAuthentication, type AuthenticationPlan } from './authentication.js';
import { judgeHostKey } from './host-key.js';
import { findKnownKeys } from './known-hosts.js';
import { ProxyCommandStream } from './proxy-command.js';
import { resolveHost, type ResolvedHost } from './resolve-host.js';
import { onceEnded, SshConnection } from './ssh-connection.js';
import { authenticationError, configurationError, unreachableError } from './ssh-errors.js';
import { openTcp } from './transport.js';

export interface ConnectOptions {
  environment: NodeJS.ProcessEnv;
  /** Ends the attempt; its reason is what the caller gets. */
  signal: AbortSignal;
}

/** ssh has no limit of its own here; a loop of jump hosts ends at this one. */
const maximumJumps = 8;

/** Keepalive where the configuration sets none: a connection that nobody uses is given up within half a minute. */
const defaultKeepaliveSeconds = 7;

/** Connects as `ssh NAME` would, the host's key checked. Errors: authentication (4), unreachable (5), usage (2). */
export async function connectHost(name: string, options: ConnectOptions): Promise<SshConnection> {
  return connectResolved(await resolveHost(name, options), options, 0);
}

async function connectResolved(
  host: ResolvedHost,
  options: ConnectOptions,
  depth: number,
): Promise<SshConnection> {
  const known = await findKnownKeys(host, options.environment, options.signal);
  const plan = planAuthentication(host);
  const algorithms = offeredAlgorithms(host, known);
  const jump = await openJump(host, options, depth);
  const transport = await openTransport(host, jump, options).catch((error: unknown) => {
    jump?.close();
    throw error;
  });
  let keyProblem: VsocketError | null = null;
  const keepalive = host.serverAliveSeconds > 0 ? host.serverAliveSeconds : defaultKeepaliveSeconds;
  const config: ConnectConfig = {
    sock: transport,
    username: host.user,
    algorithms,
    authHandler: plan.methods,
    hostVerifier: (key: Buffer) => {
      keyProblem = judgeHostKey(host, known, key);
      return keyProblem === null;
    },
    keepaliveInterval: keepalive * 1000,
    keepaliveCountMax: host.serverAliveCount,
    // The caller's signal is the only clock.
    readyTimeout: 0,
  };
  try {
    return await handshake(host, config, transport, plan, () => keyProblem, jump, options.signal);
  } catch (error) {
    transport.destroy();
    jump?.close();
    throw error;
  }
}

function handshake(
  host: ResolvedHost,
  config: ConnectConfig,
  transport: Duplex,
  plan: AuthenticationPlan,
  keyProblem: () => VsocketError | null,
  jump: SshConnection | null,
  signal: AbortSignal,
): Promise<SshConnection> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', give);
      // Errors that come after this one have nobody to go to.
      client.removeAllListeners().on('error', () => undefined);
      reject(keyProblem() ?? error);
      client.destroy();
    };
    const give = (): void => fail(signal.reason as Error);
    signal.addEventListener('abort', give, { once: true });
    const broken = (error: Error): void =>
      fail(error instanceof VsocketError ? error : handshakeError(host, plan, error));
    transport.once('error', broken);
    client.once('error', (error) => fail(handshakeError(host, plan, error)));
    const undo = onceEnded(client, () =>
      fail(handshakeError(host, plan, new Error('the connection was closed'))),
    );
    client.once('ready', () => {
      signal.removeEventListener('abort', give);
      // What happens from here on is the connection's to know.
      transport.off('error', broken);
      client.removeAllListeners('error');
      undo();
      resolve(new SshConnection(host.name, client, transport, jump));
    });
    client.connect(config);
  });
}

function handshakeError(
  host: ResolvedHost,
  plan: AuthenticationPlan,
  error: Error & { level?: string },
): Error {
  const place = `${host.hostname} port ${String(host.port)}`;
  if (error.level === 'client-authentication') {
    const message = `${place} refused user ${host.user}: ${plan.summary}`;
    return authenticationError(
      'authentication-failed',
      message,
      'check the key and the agent with: ssh-add -l',
    );
  }
  return unreachableError(
    'handshake-failed',
    `no SSH connection to ${place}: ${error.message}`,
    `try: ssh ${host.name}`,
  );
}

async function openTransport(
  host: ResolvedHost,
  jump: SshConnection | null,
  options: ConnectOptions,
): Promise<Duplex> {
  if (jump !== null) return jump.openTcp(host.hostname, host.port, options.signal);
  if (host.proxyCommand !== null) return new ProxyCommandStream(host, host.proxyCommand, options.environment);
  return openTcp(host, options.signal);
}

/** `ProxyJump a,b`: a is reached as configured, b through a, the host through b. */
async function openJump(
  host: ResolvedHost,
  options: ConnectOptions,
  depth: number,
): Promise<SshConnection | null> {
  if (host.proxyJump === null) return null;
  if (depth >= maximumJumps) {
    throw configurationError(
      'jump-loop',
      `more than ${String(maximumJumps)} jump hosts on the way`,
      'look for a loop in ProxyJump',
    );
  }
  const hops = host.proxyJump.split(',');
  const last = parseHop(hops.at(-1) ?? '');
  const resolved = await resolveHost(last.name, { ...options, user: last.user, port: last.port });
  const before = hops.slice(0, -1).join(',');
  return connectResolved(before === '' ? resolved : { ...resolved, proxyJump: before }, options, depth + 1);
}

/** `[user@]host[:port]`, with brackets around an IPv6 address, or as an ssh:// address. */
function parseHop(text: string): { name: string; user: string | undefined; port: number | undefined } {
  const match = /^(?:ssh:\/\/)?(?:(.+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(text.trim());
  const name = match?.[2]?.replace(/^\[|\]$/g, '');
  if (name === undefined)
    throw configurationError('jump-host', `“${text}” is no jump host`, 'write [user@]host[:port]');
  const port = match?.[3] === undefined ? undefined : Number(match[3]);
  return { name, user: match?.[1], port };
}
