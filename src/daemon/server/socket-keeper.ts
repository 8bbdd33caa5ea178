import { VsocketError } from '../../errors/vsocket-error.js';
import type { Log } from '../log.js';
import type { UnixListener } from './unix-listener.js';

const pauseMilliseconds = 2000;

/** Makes sockets again whose files are gone: whoever clears the runtime directory does not want vsockd to be mute. */
export class SocketKeeper {
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<void> = Promise.resolve();
  #stopped = false;
  readonly #problems = new Map<UnixListener, string>();

  constructor(
    private readonly listeners: readonly UnixListener[],
    private readonly log: Log,
  ) {}

  start(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#keepAll();
      void this.#round.then(() => this.start());
    }, pauseMilliseconds);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#round;
  }

  async #keepAll(): Promise<void> {
    for (const listener of this.listeners) await this.#keep(listener);
  }

  async #keep(listener: UnixListener): Promise<void> {
    try {
      if (await listener.keep())
        this.log.warn({ path: listener.path }, 'the socket was removed; it is there again');
      this.#problems.delete(listener);
    } catch (error) {
      const line = error instanceof VsocketError ? error.line : String(error);
      // Once: it is tried again every two seconds.
      if (this.#problems.get(listener) !== line) this.log.error(line);
      this.#problems.set(listener, line);
    }
  }
}
