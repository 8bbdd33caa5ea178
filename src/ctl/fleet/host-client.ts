import { hostname, userInfo } from 'node:os';
import { linesType, type List } from '../../api/define-list.js';
import type { Flow } from '../../api/flow.js';
import { seenHost, type Host } from '../../api/host.js';
import { changeHeader, seenKillOutcome, type KillOutcome, type KillRequest } from '../../api/kill.js';
import { lists, type ListName, type RowsOf, type SeenRowsOf } from '../../api/lists.js';
import {
  RulesInForce,
  seenEndedFlow,
  seenRuleChange,
  seenVerdict,
  type EndedFlow,
  type RuleChangeEntry,
  type RulesTest,
  type RulesVerdict,
} from '../../api/rules-change.js';
import type { Seen } from '../../api/seen.js';
import { formatApiVersion, ownApi, type ApiVersion } from '../../api/version.js';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { parseUntrustedJson } from '../text/sanitize.js';
import { errorFromAnswer, malformedAnswer } from './api-error.js';
import type { Narrowing } from './narrowing.js';
import { HostSession } from './host-session.js';
import { abandon, call, linesOf, wholeText, type HttpAnswer } from './http-channel.js';

export interface HostClientOptions {
  environment: NodeJS.ProcessEnv;
  /** Directory of vsockd's sockets on the host; `%h` stands for the host's name. */
  socketDirectory: string;
}

interface Question {
  channels: 'readers' | 'admins';
  method: 'GET' | 'POST';
  path: string;
  body: unknown;
  change?: string;
  accept?: string;
}

/**
 * vsockd of one host, by way of one SSH connection that is made when it is first needed and again when it was
 * lost.
 */
export class HostClient {
  /** The one attempt that is under way: questions side by side share it, and what becomes of it. */
  #opening: Promise<HostSession> | null = null;
  #session: HostSession | null = null;
  /** The API that its vsockd speaks, as its last answer says. */
  #api: ApiVersion | null = null;

  constructor(
    readonly name: string,
    private readonly options: HostClientOptions,
  ) {}

  host(signal: AbortSignal): Promise<Seen<Host>> {
    return this.#ask({ channels: 'readers', method: 'GET', path: '/v1/host', body: null }, seenHost, signal);
  }

  /** All rows at once. @throws VsocketError `unknown-list` where its vsockd is too old to have the list */
  async list<Name extends ListName>(
    name: Name,
    narrowing: Narrowing,
    signal: AbortSignal,
  ): Promise<SeenRowsOf[Name][]> {
    const all: SeenRowsOf[Name][] = [];
    for await (const rows of this.rows(name, narrowing, signal)) for (const row of rows) all.push(row);
    return all;
  }

  /**
   * Rows as they come, in the order asked for as far as its vsockd knows it: older ones give all at once.
   * @throws VsocketError as `list`
   */
  async *rows<Name extends ListName>(
    name: Name,
    narrowing: Narrowing,
    signal: AbortSignal,
  ): AsyncGenerator<SeenRowsOf[Name][]> {
    const list: List<RowsOf[Name]> = lists[name];
    let answer: HttpAnswer;
    try {
      answer = await this.#narrowed(list.path, narrowing, signal);
    } catch (error) {
      throw error instanceof VsocketError && error.code === 'no-such-path' ? unknownList(name) : error;
    }
    if (answer.type !== linesType) {
      const rows = readAnswer(await wholeText(answer), answer.path, itemsReader(list.seen));
      yield this.#own(rows) as SeenRowsOf[Name][];
      return;
    }
    for await (const lines of linesOf(answer)) {
      // All at once: to parse a line by itself takes as long as what is in it. No JSON has a line end in a text.
      const values = `[${lines.replaceAll('\n', ',')}]`;
      const rows = readAnswer(values, answer.path, (items) => readAll(items, list.seen));
      yield this.#own(rows) as SeenRowsOf[Name][];
    }
  }

  /** A list, narrowed as far as its vsockd can. That is known with its first answer: an older one is asked once more. */
  async #narrowed(path: string, narrowing: Narrowing, signal: AbortSignal): Promise<HttpAnswer> {
    if (this.#api !== null && !isUnderstood(narrowing, this.#api))
      return this.#list(path, firstNarrowing(narrowing), signal);
    try {
      const answer = await this.#list(path, narrowing, signal);
      if (isUnderstood(narrowing, answer.api)) return answer;
      await abandon(answer);
    } catch (error) {
      if (this.#api === null || isUnderstood(narrowing, this.#api)) throw error;
    }
    return this.#list(path, firstNarrowing(narrowing), signal);
  }

  #list(path: string, narrowing: Narrowing, signal: AbortSignal): Promise<HttpAnswer> {
    const query = new URLSearchParams(narrowing).toString();
    const asked = query === '' ? path : `${path}?${query}`;
    const accept = `${linesType}, ${plainType}`;
    return this.#exchange({ channels: 'readers', method: 'GET', path: asked, body: null, accept }, signal);
  }

  /** The flows that a kill would end now. Needs the right to change, so that it shows whether that is there. */
  async wouldKill(kill: KillRequest, signal: AbortSignal): Promise<Seen<Flow>[]> {
    const path = '/v1/flows/kill?dryRun=true';
    const question: Question = { channels: 'admins', method: 'POST', path, body: kill };
    return this.#own(await this.#ask(question, itemsReader(lists.flows.seen), signal));
  }

  /** @param change names the entry in the host’s audit log */
  async kill(kill: KillRequest, change: string, signal: AbortSignal): Promise<Seen<KillOutcome>[]> {
    // Nobody knows what the same words mean there.
    if (this.#api !== null && this.#api.version !== ownApi.version) throw otherApi(this.#api);
    const question: Question = {
      channels: 'admins',
      method: 'POST',
      path: '/v1/flows/kill',
      body: kill,
      change,
    };
    return this.#ask(question, (value) => readAll(fieldOf(value, 'outcomes'), seenKillOutcome), signal);
  }

  /** The rule set in force, as it was applied there, and its number. */
  async rulesInForce(signal: AbortSignal): Promise<RulesInForce> {
    const question: Question = { channels: 'readers', method: 'GET', path: '/v1/rules/set', body: null };
    return this.#ask(question, (value) => RulesInForce.safeParse(value).data ?? null, signal);
  }

  /** Needs the right to change, so that it shows whether that is there. */
  wouldChangeRules(path: string, body: object, signal: AbortSignal): Promise<SeenRulesChanged> {
    const question = { channels: 'admins', method: 'POST', path: `${path}?dryRun=true`, body } as const;
    return this.#ask(question, readRulesChanged, signal);
  }

  /** @param change names the entry in the host’s audit log */
  async changeRules(
    path: string,
    body: object,
    change: string,
    signal: AbortSignal,
  ): Promise<SeenRulesChanged> {
    if (this.#api !== null && this.#api.version !== ownApi.version) throw otherApi(this.#api);
    return this.#ask({ channels: 'admins', method: 'POST', path, body, change }, readRulesChanged, signal);
  }

  /** What the rules of a VM there say of a connection. */
  async testRules(test: RulesTest, signal: AbortSignal): Promise<Seen<RulesVerdict>> {
    const question: Question = { channels: 'readers', method: 'POST', path: '/v1/rules/test', body: test };
    const [verdict] = this.#own([await this.#ask(question, seenVerdict, signal)]);
    return verdict!;
  }

  /** Whether the next question can go over a connection that is there. */
  get isConnected(): boolean {
    return this.#session?.isOpen === true;
  }

  /** Ends the connection; the next question makes a new one. */
  close(): void {
    this.#opening?.then(
      (session) => session.close(),
      () => undefined,
    );
    this.#session?.close();
    this.#opening = this.#session = null;
  }

  /** `host` is the name under which it was reached: what a host says of itself is no proof. */
  #own<Row extends { host: unknown }>(rows: Row[]): Row[] {
    for (const row of rows) row.host = this.name;
    return rows;
  }

  /** @param read null: the answer has not the form that any version gives it */
  async #ask<Answer>(
    question: Question,
    read: (value: unknown) => Answer | null,
    signal: AbortSignal,
  ): Promise<Answer> {
    const answer = await this.#exchange(question, signal);
    return readAnswer(await wholeText(answer), answer.path, read);
  }

  /** @throws VsocketError where the answer is an error */
  async #exchange(
    { channels, method, path, body, change, accept = plainType }: Question,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const session = await this.#connected(signal);
    const headers = {
      accept,
      'x-vsocket-client': clientNote(),
      ...(body === null ? {} : { 'content-type': plainType }),
      ...(change === undefined ? {} : { [changeHeader]: change }),
    };
    const text = body === null ? null : JSON.stringify(body);
    const answer = await call(session[channels], { method, path, headers, signal, body: text });
    this.#api = answer.api;
    if (answer.status < 200 || answer.status > 299)
      throw errorFromAnswer(answer.status, await wholeText(answer));
    return answer;
  }

  async #connected(signal: AbortSignal): Promise<HostSession> {
    if (this.#session?.isOpen === true) return this.#session;
    const { environment, socketDirectory } = this.options;
    const directory = socketDirectory.replaceAll('%h', this.name);
    const opening = (this.#opening ??= HostSession.open(this.name, directory, { environment, signal }));
    try {
      const session = await opening;
      // Not where this client was closed meanwhile.
      if (this.#opening === opening) this.#session = session;
      return session;
    } finally {
      if (this.#opening === opening) this.#opening = null;
    }
  }
}

/** What a change of rules did, as a client sees it. */
export interface SeenRulesChanged {
  revision: number;
  changes: Seen<RuleChangeEntry>[];
  flows: Seen<EndedFlow>[];
}

function readRulesChanged(value: unknown): SeenRulesChanged | null {
  const revision = fieldOf(value, 'revision');
  const changes = readAll(fieldOf(value, 'changes'), seenRuleChange);
  const flows = readAll(fieldOf(value, 'flows'), seenEndedFlow);
  return typeof revision !== 'number' || changes === null || flows === null
    ? null
    : { revision, changes, flows };
}

const plainType = 'application/json';

/** vsockds before 1.2 know no filters, and put what is not known first. */
const newNarrowing: ReadonlySet<string> = new Set(['filter', 'sort', 'limit']);

function isUnderstood(narrowing: Narrowing, { version, revision }: ApiVersion): boolean {
  return version > 1 || revision >= 2 || !Object.keys(narrowing).some((name) => newNarrowing.has(name));
}

/** The part that each vsockd understands. */
function firstNarrowing(narrowing: Narrowing): Narrowing {
  return Object.fromEntries(Object.entries(narrowing).filter(([name]) => !newNarrowing.has(name)));
}

/** A note for the audit log. vsockd trusts the socket's peer, not this. */
function clientNote(): string {
  return `${userInfo().username}@${hostname()}`;
}

function readAnswer<Answer>(text: string, path: string, read: (value: unknown) => Answer | null): Answer {
  let value: unknown;
  try {
    value = parseUntrustedJson(text);
  } catch {
    throw malformedAnswer(path, 'it is no JSON');
  }
  const seen = read(value);
  if (seen === null) throw malformedAnswer(path, 'it has not the form of one');
  return seen;
}

/** What a list’s answer holds; null where it is none, or one of its rows has no name. */
function itemsReader<Row>(read: (value: unknown) => Row | null): (value: unknown) => Row[] | null {
  return (value) => readAll(fieldOf(value, 'items'), read);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : null;
}

function readAll<Row>(values: unknown, read: (value: unknown) => Row | null): Row[] | null {
  if (!Array.isArray(values)) return null;
  const rows: Row[] = [];
  for (const value of values) {
    const row = read(value);
    if (row === null) return null;
    rows.push(row);
  }
  return rows;
}

function otherApi(api: ApiVersion): VsocketError {
  const message = `its vsockd speaks API ${formatApiVersion(api)}, vsockctl ${formatApiVersion(ownApi)}: it changes nothing there`;
  return new VsocketError('api-skew', message, 'use the vsockctl of its version', ExitCode.refused);
}

function unknownList(name: ListName): VsocketError {
  const message = `its vsockd does not know the list ${name}`;
  return new VsocketError('unknown-list', message, 'it is older than this vsockctl: see vsockctl hosts');
}
