import { hostname, userInfo } from 'node:os';
import type { z } from 'zod';
import type { List } from '../../api/define-list.js';
import type { Flow } from '../../api/flow.js';
import { Host } from '../../api/host.js';
import { KillResponse, type KillRequest } from '../../api/kill.js';
import { lists, type ListName, type RowsOf } from '../../api/lists.js';
import { parseUntrustedJson } from '../text/sanitize.js';
import { errorFromAnswer, malformedAnswer } from './api-error.js';
import { HostSession } from './host-session.js';
import { call } from './http-channel.js';

/** What vsockd filters itself, so that it need not be sent: values by field. */
export type Narrowing = Readonly<Record<string, string>>;

export interface HostClientOptions {
  environment: NodeJS.ProcessEnv;
  /** Directory of vsockd's sockets on the host; `%h` stands for the host's name. */
  socketDirectory: string;
}

/**
 * vsockd of one host, by way of one SSH connection that is made when it is first needed and again when it was
 * lost. `host` in the answers is the name under which the host was reached: what a host says of itself is no proof.
 */
export class HostClient {
  #session: Promise<HostSession> | null = null;

  constructor(
    readonly name: string,
    private readonly options: HostClientOptions,
  ) {}

  host(signal: AbortSignal): Promise<Host> {
    return this.#ask('readers', 'GET', '/v1/host', null, Host, signal);
  }

  async list<Name extends ListName>(
    name: Name,
    narrowing: Narrowing,
    signal: AbortSignal,
  ): Promise<RowsOf[Name][]> {
    const list: List<RowsOf[Name]> = lists[name];
    const parameters = new URLSearchParams(narrowing);
    const path = parameters.size === 0 ? list.path : `${list.path}?${parameters.toString()}`;
    const { items } = await this.#ask('readers', 'GET', path, null, list.answer, signal);
    return items.map((row) => ({ ...row, host: this.name }));
  }

  /** The flows that a kill would end now. Needs the right to change, so that it shows whether that is there. */
  async wouldKill(kill: KillRequest, signal: AbortSignal): Promise<Flow[]> {
    const path = '/v1/flows/kill?dryRun=true';
    const { items } = await this.#ask('admins', 'POST', path, kill, lists.flows.answer, signal);
    return items.map((flow) => ({ ...flow, host: this.name }));
  }

  kill(kill: KillRequest, signal: AbortSignal): Promise<KillResponse> {
    return this.#ask('admins', 'POST', '/v1/flows/kill', kill, KillResponse, signal);
  }

  /** Ends the connection; the next question makes a new one. */
  close(): void {
    this.#session?.then(
      (session) => session.close(),
      () => undefined,
    );
    this.#session = null;
  }

  async #ask<Schema extends z.ZodType>(
    channels: 'readers' | 'admins',
    method: 'GET' | 'POST',
    path: string,
    body: unknown,
    schema: Schema,
    signal: AbortSignal,
  ): Promise<z.infer<Schema>> {
    const session = await this.#connected(signal);
    const headers = {
      accept: 'application/json',
      'x-vsocket-client': clientNote(),
      ...(body === null ? {} : jsonType),
    };
    const answer = await call(session[channels], {
      method,
      path,
      headers,
      signal,
      body: body === null ? null : JSON.stringify(body),
    });
    if (answer.status < 200 || answer.status > 299) throw errorFromAnswer(answer.status, answer.body);
    return check(path, answer.body, schema);
  }

  async #connected(signal: AbortSignal): Promise<HostSession> {
    const before = this.#session;
    const usable = await before?.then(
      (session) => session.isOpen,
      () => false,
    );
    if (this.#session === null || (this.#session === before && usable !== true)) {
      const { environment, socketDirectory } = this.options;
      const directory = socketDirectory.replaceAll('%h', this.name);
      this.#session = HostSession.open(this.name, directory, { environment, signal });
      this.#session.catch(() => undefined);
    }
    return this.#session;
  }
}

const jsonType = { 'content-type': 'application/json' };

/** A note for the audit log. vsockd trusts the socket's peer, not this. */
function clientNote(): string {
  return `${userInfo().username}@${hostname()}`;
}

function check<Schema extends z.ZodType>(path: string, body: string, schema: Schema): z.infer<Schema> {
  let value: unknown;
  try {
    value = parseUntrustedJson(body);
  } catch {
    throw malformedAnswer(path, 'it is no JSON');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw malformedAnswer(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong form'}`);
}
