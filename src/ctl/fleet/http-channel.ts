import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { apiVersionHeader, firstApi, parseApiVersion, type ApiVersion } from '../../api/version.js';
import { orAborted } from '../async/or-aborted.js';
import { unreachableError } from '../ssh/ssh-errors.js';
import { VsocketError } from '../../errors/vsocket-error.js';

/** Longest answer that is taken from a host, in bytes: room for about 100,000 flows. */
const maximumAnswerBytes = 64 * 1024 * 1024;

/**
 * HTTP/1.1 agent whose connections are channels to one Unix socket on the host, a new one for each request: it costs
 * one round trip in the connection that is there, and no channel can turn out to have been closed meanwhile.
 */
export class ChannelAgent extends Agent {
  constructor(private readonly openChannel: () => Promise<Duplex>) {
    super({ keepAlive: false });
  }

  override createConnection(
    _options: object,
    done?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.openChannel().then(
      (channel) => done?.(null, asSocket(channel)),
      (error: unknown) => done?.(error as Error, undefined as never),
    );
    return undefined;
  }
}

/** Node's HTTP client calls methods of net.Socket that an SSH channel has no meaning for. */
function asSocket(channel: Duplex): Duplex {
  const nothing = (): Duplex => channel;
  return Object.assign(channel, {
    setKeepAlive: nothing,
    setNoDelay: nothing,
    setTimeout: nothing,
    ref: nothing,
    unref: nothing,
    destroySoon: () => channel.destroy(),
  });
}

export interface HttpAnswer {
  status: number;
  body: string;
  /** The version of the API that vsockd speaks. */
  api: ApiVersion;
}

export interface HttpCall {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: string | null;
  signal: AbortSignal;
}

/**
 * One request, the whole answer as text. Errors: the host is lost, the answer is too long, or `signal`'s reason, which
 * comes at once.
 */
export async function call(agent: Agent, options: HttpCall): Promise<HttpAnswer> {
  const outgoing = request({
    agent,
    host: 'vsockd',
    method: options.method,
    path: options.path,
    headers: options.headers,
  });
  try {
    return await orAborted(exchange(outgoing, options.body), options.signal);
  } catch (error) {
    outgoing.destroy();
    if (options.signal.aborted) throw options.signal.reason;
    throw explain(error as Error);
  }
}

function exchange(outgoing: ClientRequest, body: string | null): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.once('response', (answer) => {
      collect(outgoing, answer).then(
        (text) => resolve({ status: answer.statusCode ?? 0, body: text, api: apiOf(answer) }),
        reject,
      );
    });
    outgoing.end(body ?? undefined);
  });
}

/** vsockds did not tell it before 1.2. */
function apiOf(answer: IncomingMessage): ApiVersion {
  return parseApiVersion(String(answer.headers[apiVersionHeader] ?? '')) ?? firstApi;
}

async function collect(outgoing: ClientRequest, answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maximumAnswerBytes) {
      outgoing.destroy();
      const limit = `${String(maximumAnswerBytes / 1024 / 1024)} MiB`;
      throw new VsocketError(
        'answer-too-long',
        `vsockd’s answer is longer than ${limit}`,
        'narrow it with --limit or --vm',
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function explain(error: Error): Error {
  if (error instanceof VsocketError) return error;
  return unreachableError(
    'answer-lost',
    `vsockd ended the conversation: ${error.message}`,
    'check that vsockd runs',
  );
}
