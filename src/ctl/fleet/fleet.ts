import { setMaxListeners } from 'node:events';
import { orAborted } from '../async/or-aborted.js';
import { Turns } from '../async/turns.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { ExitCode } from '../../errors/exit-code.js';
import { unreachableError } from '../ssh/ssh-errors.js';
import { HostClient, type HostClientOptions } from './host-client.js';

/** What came of asking one host. */
export type HostOutcome<Answer> =
  { host: string; ok: true; answer: Answer } | { host: string; ok: false; error: VsocketError };

export interface FleetOptions extends HostClientOptions {
  /** Time limit for each host and question, in milliseconds. */
  timeoutMilliseconds: number;
  /** Ends everything: the user interrupted. */
  signal: AbortSignal;
}

/** Hosts that are connected to at once: each costs a process for `ssh -G` and a key exchange. */
const concurrency = 32;

/** Between the beginnings of two connections: about what one costs here, so that the first host answers early. */
const paceMilliseconds = 20;

/** Of one host, in a list that is held as a whole: no host has more, and one that says so must not fill our memory. */
const mostItems = 1_000_000;

/** All the hosts that a command is about. A host that fails or hangs never keeps the others waiting. */
export class Fleet {
  readonly #clients: ReadonlyMap<string, HostClient>;
  readonly #connecting = new Turns(concurrency, paceMilliseconds);

  constructor(
    readonly names: readonly string[],
    private readonly options: FleetOptions,
  ) {
    // As many listen as there are hosts and questions; Node would take that for a leak.
    setMaxListeners(0, options.signal);
    this.#clients = new Map(names.map((name) => [name, new HostClient(name, options)]));
  }

  /**
   * Asks one host within the time limit. Where it has to be connected to, that waits for its turn, and the limit counts
   * from then. Throws only when the user interrupted.
   */
  async askOne<Answer>(
    name: string,
    ask: (client: HostClient, signal: AbortSignal) => Promise<Answer>,
    limitMilliseconds = this.options.timeoutMilliseconds,
  ): Promise<HostOutcome<Answer>> {
    const client = this.#client(name);
    const endTurn = client.isConnected ? null : await orAborted(this.#connecting.take(), this.options.signal);
    const deadline = new AbortController();
    const timer = this.#limit(deadline, limitMilliseconds);
    const signal = AbortSignal.any([this.options.signal, deadline.signal]);
    setMaxListeners(0, signal);
    try {
      return { host: name, ok: true, answer: await orAborted(ask(client, signal), signal) };
    } catch (error) {
      return this.#failure(client, error, deadline.signal);
    } finally {
      clearTimeout(timer);
      endTurn?.();
    }
  }

  /**
   * What one host says piece by piece; at the end, how it went. The time limit is for each piece, and does not run
   * while nobody asks for the next. Throws only when the user interrupted.
   */
  async *follow<Piece>(
    name: string,
    ask: (client: HostClient, signal: AbortSignal) => AsyncIterable<Piece>,
  ): AsyncGenerator<Piece, HostOutcome<null>> {
    const client = this.#client(name);
    const endTurn = client.isConnected ? null : await orAborted(this.#connecting.take(), this.options.signal);
    const deadline = new AbortController();
    const signal = AbortSignal.any([this.options.signal, deadline.signal]);
    setMaxListeners(0, signal);
    const pieces = ask(client, signal)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const timer = this.#limit(deadline, this.options.timeoutMilliseconds);
        const next = await orAborted(pieces.next(), signal).finally(() => clearTimeout(timer));
        endTurn?.();
        if (next.done === true) return { host: name, ok: true, answer: null };
        yield next.value;
      }
    } catch (error) {
      return this.#failure(client, error, deadline.signal);
    } finally {
      endTurn?.();
      // What is still under way may be what hangs.
      void pieces.return?.()?.catch(() => undefined);
    }
  }

  /** All pieces of what each host says, with a time limit for each piece. */
  gather<Item>(
    ask: (client: HostClient, signal: AbortSignal) => AsyncIterable<readonly Item[]>,
  ): Promise<HostOutcome<Item[]>[]> {
    return this.eachInWaves(this.names, async (name): Promise<HostOutcome<Item[]>> => {
      const items: Item[] = [];
      const pieces = this.follow(name, ask);
      for (;;) {
        const next = await pieces.next();
        if (next.done === true) return next.value.ok ? { ...next.value, answer: items } : next.value;
        for (const item of next.value) items.push(item);
        if (items.length > mostItems) {
          void pieces.return({ host: name, ok: true, answer: null });
          return { host: name, ok: false, error: tooManyItems() };
        }
      }
    });
  }

  /** Asks these hosts, all by default, in waves. The outcomes come in the order of the names. */
  askAll<Answer>(
    ask: (client: HostClient, signal: AbortSignal) => Promise<Answer>,
    names: readonly string[] = this.names,
  ): Promise<HostOutcome<Answer>[]> {
    return this.eachInWaves(names, (name) => this.askOne(name, ask));
  }

  /** Does something for each name, for so many at once as the fleet asks hosts. The results are in their order. */
  async eachInWaves<Result>(
    names: readonly string[],
    act: (name: string) => Promise<Result>,
  ): Promise<Result[]> {
    const results = new Map<string, Result>();
    const waiting = [...names];
    const work = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
        results.set(name, await act(name));
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, names.length) }, work));
    return names.map((name) => results.get(name)!);
  }

  #client(name: string): HostClient {
    const client = this.#clients.get(name);
    if (client === undefined) throw new Error(`not a host of this fleet: ${name}`);
    return client;
  }

  #limit(deadline: AbortController, milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => deadline.abort(timedOut(milliseconds)), milliseconds);
  }

  #failure(client: HostClient, error: unknown, deadline: AbortSignal): HostOutcome<never> {
    this.options.signal.throwIfAborted();
    // Whoever did not answer in time may be gone for good: the next question finds out on a new connection.
    if (deadline.aborted) client.close();
    return { host: client.name, ok: false, error: asVsocketError(error) };
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }
}

function timedOut(milliseconds: number): VsocketError {
  return unreachableError(
    'timed-out',
    `no answer within ${String(milliseconds / 1000)} s`,
    'see whether the host is up, or give it more with --timeout',
  );
}

function tooManyItems(): VsocketError {
  const message = `its list has more than ${String(mostItems)} rows`;
  return new VsocketError('answer-too-long', message, 'narrow it with --filter');
}

function asVsocketError(error: unknown): VsocketError {
  if (error instanceof VsocketError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new VsocketError('failed', message, '', ExitCode.failed, { cause: error });
}

/** The answers of the hosts that gave one, in one list. */
export function answersOf<Item>(outcomes: readonly HostOutcome<readonly Item[]>[]): Item[] {
  return outcomes.flatMap((outcome) => (outcome.ok ? outcome.answer : []));
}
