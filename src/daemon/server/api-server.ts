import type { Socket } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { z } from 'zod';
import { linesType, totalHeader } from '../../api/define-list.js';
import type { ApiError } from '../../api/error.js';
import { changeHeader } from '../../api/kill.js';
import { apiVersionHeader, formatApiVersion, ownApi } from '../../api/version.js';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { requesterOf } from '../audit/requester.js';
import type { Log } from '../log.js';
import { listJson, listLines } from './list-text.js';
import type { Route } from './route.js';
import { Selection } from './select-rows.js';

/** What a socket gives the right to: file permissions decide who may use it. */
export type SocketRight = 'read' | 'change';

/**
 * Rows. A flow of 500 bytes becomes 20: to pack it takes a fraction of the time that sshd and the client need for what
 * it saves, and no network is in the way then. For a few rows it is not worth its 256 KiB of memory.
 */
const worthCompressing = 200;

const bodyLimitBytes = 2 * 1024 * 1024;

/** The API for one socket. Routes beyond the socket’s right answer 403. */
export function apiServer(routes: readonly Route[], right: SocketRight, log: Log): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = log;
  const server = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    forceCloseConnections: true,
    clientErrorHandler: (_error, socket) => endBadConnection(socket),
    frameworkErrors: (_error, _request, reply) =>
      void refuse(reply as unknown as FastifyReply, 400, 'bad-request', 'the path is no valid URL'),
  });
  server.addHook('onRequest', async (_request, reply) => {
    reply.header(apiVersionHeader, formatApiVersion(ownApi));
  });
  for (const route of routes) add(server, route, right);
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0];
    const known = routes.filter((route) => route.path === path);
    if (known.length === 0) return refuse(reply, 404, 'no-such-path', `vsockd has no ${quote(path ?? '')}`);
    const methods = known.map((route) => route.method).join(', ');
    reply.header('allow', methods);
    return refuse(reply, 405, 'method-not-allowed', `${path} takes ${methods}, not ${request.method}`);
  });
  server.setErrorHandler((error, _request, reply) => answerError(error, reply, log));
  return server;
}

function add(server: FastifyInstance, route: Route, right: SocketRight): void {
  server.route({
    method: route.method,
    url: route.path,
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      if (route.right === 'change' && right === 'read')
        return refuse(reply, 403, 'read-only-socket', 'this socket may only read; use admin.sock');
      const note = request.headers['x-vsocket-client'];
      const answer = await route.handle({
        query: check('query', route.query, request.query),
        body: check('body', route.body, request.body),
        change: changeName(request.headers[changeHeader]),
        requester: () => requesterOf(request.raw.socket, typeof note === 'string' ? note : undefined),
      });
      if (!(answer instanceof Selection)) return answer;
      return sendList(answer as Selection<object>, request, reply);
    },
  });
}

/** As one JSON object or in lines, packed or not, as the client wants it. */
function sendList(
  selection: Selection<object>,
  { headers }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const wantsLines = headers.accept?.includes(linesType) === true;
  if (wantsLines) reply.header(totalHeader, selection.total);
  reply.type(wantsLines ? linesType : 'application/json; charset=utf-8');
  const text = asStream(wantsLines ? listLines(selection) : listJson(selection));
  const takesGzip = /\bgzip\b(?!;\s*q=0)/.test(headers['accept-encoding'] ?? '');
  if (!takesGzip || selection.length < worthCompressing) return reply.send(text);
  return reply.header('content-encoding', 'gzip').send(compressed(text));
}

/** Asks for the next piece only when the client has taken the one before. */
function asStream(pieces: AsyncIterable<string>): Readable {
  return Readable.from(pieces, { objectMode: false, highWaterMark: 1 });
}

/** Whatever fails, or is given up, ends both streams. */
function compressed(text: Readable): Readable {
  return pipeline(text, createGzip({ level: constants.Z_BEST_SPEED }), () => undefined);
}

/** Anyone may write anything there: it is a UUID or nothing. */
function changeName(text: string | string[] | undefined): string | null {
  return z.uuid().safeParse(text).data ?? null;
}

function check(part: string, schema: z.ZodType | null, value: unknown): unknown {
  if (schema === null) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = [part, ...(issue?.path ?? [])].join('.');
  throw new VsocketError('bad-request', `${where}: ${issue?.message ?? 'wrong form'}`, '', ExitCode.usage);
}

const statusOf: Partial<Record<ExitCode, number>> = {
  [ExitCode.usage]: 400,
  [ExitCode.refused]: 409,
  [ExitCode.notFound]: 404,
};

function answerError(error: unknown, reply: FastifyReply, log: Log): FastifyReply {
  if (error instanceof VsocketError)
    return refuse(reply, statusOf[error.exitCode] ?? 500, error.code, error.line);
  const { statusCode, message, stack } = error as Error & { statusCode?: number };
  if (statusCode !== undefined && statusCode < 500) return refuse(reply, statusCode, 'bad-request', message);
  log.error({ error: message, stack }, 'a request failed');
  return refuse(reply, 500, 'internal', 'vsockd could not answer; its log says why');
}

function refuse(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  const body: ApiError = { code, message };
  // Here too: what fails before a route is found has passed no hook.
  reply.header(apiVersionHeader, formatApiVersion(ownApi));
  return reply.status(status).type('application/json').send(body);
}

function quote(path: string): string {
  return JSON.stringify(path.slice(0, 200));
}

/** What does not parse as HTTP has no request that a route could answer. */
function endBadConnection(socket: Socket): void {
  if (!socket.writable) return;
  const body: ApiError = { code: 'bad-request', message: 'this is no HTTP request' };
  const text = JSON.stringify(body);
  const head = [
    'HTTP/1.1 400 Bad Request',
    'content-type: application/json',
    'connection: close',
    `${apiVersionHeader}: ${formatApiVersion(ownApi)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}
