import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { pipeline, type Duplex, type Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { apiVersionHeader, firstApi, parseApiVersion, type ApiVersion } from '../../api/version.js';
import { orAborted } from '../async/or-aborted.js';
import { malformedAnswer } from './api-error.js';
import { unreachableError } from '../ssh/ssh-errors.js';
import { VsocketError } from '../../errors/vsocket-error.js';

/** Longest answer that is taken from a host as a whole, in bytes. */
const maximumAnswerBytes = 64 * 1024 * 1024;

/** In bytes: each piece costs a turn of the event loop. */
const unpackedAtOnce = 64 * 1024;

/** No row is that long, in characters. */
const longestLine = 1024 * 1024;

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
  /** What was asked for. */
  path: string;
  status: number;
  /** The media type, without parameters. */
  type: string;
  /** What comes of the body, piece by piece. Whoever stops before its end ends the exchange. */
  pieces: AsyncIterable<Buffer>;
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

/** One request. Errors, here and in the answer’s pieces: the host is lost, or `signal`’s reason, which comes at once. */
export async function call(agent: Agent, options: HttpCall): Promise<HttpAnswer> {
  const outgoing = request({
    agent,
    host: 'vsockd',
    method: options.method,
    path: options.path,
    headers: { 'accept-encoding': 'gzip', ...options.headers },
  });
  const fail = (error: unknown): Error => {
    outgoing.destroy();
    if (options.signal.aborted) return options.signal.reason as Error;
    return explain(error as Error & { code?: string }, options.path);
  };
  try {
    const answer = await orAborted(exchange(outgoing, options.body), options.signal);
    return {
      path: options.path,
      status: answer.statusCode ?? 0,
      type: (answer.headers['content-type'] ?? '').split(';')[0]!.trim(),
      pieces: pieces(outgoing, answer, options.signal, fail),
      api: apiOf(answer),
    };
  } catch (error) {
    throw fail(error);
  }
}

function exchange(outgoing: ClientRequest, body: string | null): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.once('response', resolve);
    outgoing.end(body ?? undefined);
  });
}

async function* pieces(
  outgoing: ClientRequest,
  answer: IncomingMessage,
  signal: AbortSignal,
  fail: (error: unknown) => Error,
): AsyncGenerator<Buffer> {
  const source = (decoded(answer) as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await orAborted(source.next(), signal);
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    throw fail(error);
  } finally {
    outgoing.destroy();
  }
}

/** The body as it was before it was packed. */
function decoded(answer: IncomingMessage): Readable {
  if (answer.headers['content-encoding'] !== 'gzip') return answer;
  return pipeline(answer, createGunzip({ chunkSize: unpackedAtOnce }), () => undefined);
}

/** vsockds did not tell it before 1.2. */
function apiOf(answer: IncomingMessage): ApiVersion {
  return parseApiVersion(String(answer.headers[apiVersionHeader] ?? '')) ?? firstApi;
}

/** The whole body as text. */
export async function wholeText({ pieces }: HttpAnswer): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of pieces) {
    length += chunk.length;
    if (length > maximumAnswerBytes) {
      const limit = `${String(maximumAnswerBytes / 1024 / 1024)} MiB`;
      const message = `vsockd’s answer is longer than ${limit}`;
      throw new VsocketError('answer-too-long', message, 'narrow it with --filter');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The lines of the body, as many at a time as came together: one text, without the last one’s end. */
export async function* linesOf({ pieces }: HttpAnswer): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of pieces) {
    const text = rest + decoder.write(chunk);
    const end = text.lastIndexOf('\n');
    rest = text.slice(end + 1);
    if (rest.length > longestLine)
      throw new VsocketError('answer-too-long', 'a line of vsockd’s answer has no end', 'see vsockd’s log');
    if (end > 0) yield text.slice(0, end);
  }
  if (rest !== '') yield rest;
}

/** Ends an exchange whose body nobody wants. */
export async function abandon({ pieces }: HttpAnswer): Promise<void> {
  for await (const _ of pieces) return;
}

function explain(error: Error & { code?: string }, path: string): Error {
  if (error instanceof VsocketError) return error;
  if (error.code?.startsWith('Z_') === true)
    return malformedAnswer(path, `it cannot be unpacked: ${error.message}`);
  return unreachableError(
    'answer-lost',
    `vsockd ended the conversation: ${error.message}`,
    'check that vsockd runs',
  );
}
