import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { unreachableError } from '../ssh/ssh-errors.js';
import { VsocketError } from '../../errors/vsocket-error.js';

/** Longest answer that is taken from a host, in bytes: room for about 100,000 flows. */
const maximumAnswerBytes = 64 * 1024 * 1024;

/** Channels that one host's requests share at most. */
const maximumChannels = 4;

/** HTTP/1.1 keep-alive agent whose connections are channels to one Unix socket on the host. */
export class ChannelAgent extends Agent {
  constructor(private readonly openChannel: () => Promise<Duplex>) {
    super({ keepAlive: true, maxSockets: maximumChannels });
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
}

export interface HttpCall {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: string | null;
  signal: AbortSignal;
}

/** One request, the whole answer as text. Errors: the host is lost, the answer is too long, or `signal`'s reason. */
export function call(agent: Agent, options: HttpCall): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    const outgoing = request({
      agent,
      host: 'vsockd',
      method: options.method,
      path: options.path,
      headers: options.headers,
    });
    const give = (): void => {
      outgoing.destroy(signal.reason as Error);
    };
    const settle = (act: () => void): void => {
      signal.removeEventListener('abort', give);
      act();
    };
    signal.addEventListener('abort', give, { once: true });
    outgoing.once('error', (error) => settle(() => reject(explain(error, signal))));
    outgoing.once('response', (answer) => {
      collect(outgoing, answer).then(
        (body) => settle(() => resolve({ status: answer.statusCode ?? 0, body })),
        (error: unknown) => settle(() => reject(explain(error as Error, signal))),
      );
    });
    outgoing.end(options.body ?? undefined);
  });
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

function explain(error: Error, signal: AbortSignal): Error {
  if (signal.aborted) return signal.reason as Error;
  if (error instanceof VsocketError) return error;
  return unreachableError(
    'answer-lost',
    `vsockd ended the conversation: ${error.message}`,
    'check that vsockd runs',
  );
}
