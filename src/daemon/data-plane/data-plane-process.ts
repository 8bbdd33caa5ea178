import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { HostConfig } from '../../config/host-config.js';
import { DataPlaneReport, type DataPlaneCommand, type SocketName } from '../../dataplane/messages.js';
import type { RulesState } from '../../rules/host-rules.js';
import type { Log } from '../log.js';
import { version } from '../version.js';

const program = new URL('../../dataplane/main.js', import.meta.url);
const shortestPauseMilliseconds = 100;
const longestPauseMilliseconds = 5000;
/** A data plane that ran for so long has not failed at its start: the next pause is the shortest again. */
const steadyMilliseconds = 10_000;

/**
 * The child process that moves the bytes. It is started again when it dies: the flows stand in the guests’ memory
 * and the ledger meanwhile. Emits `ready` each time that it has taken them up.
 */
export class DataPlaneProcess extends EventEmitter<{ ready: [] }> {
  #child: ChildProcess | null = null;
  #pauseMilliseconds = shortestPauseMilliseconds;
  #restart: NodeJS.Timeout | null = null;
  #ended = false;
  readonly #problems = new Map<string, string | null>();
  /** Why it does not run, when that is longer than a moment: it ended before it was ready. */
  #failure: string | null = null;
  #isReady = false;

  constructor(
    private readonly config: HostConfig,
    /** The rules as they are when it starts. */
    private readonly rules: () => RulesState,
    private readonly log: Log,
  ) {
    super();
  }

  start(): void {
    const startedAt = performance.now();
    const child = fork(program, {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#isReady = false;
    child.on('message', (message: unknown) => this.#take(message));
    child.on('error', (error) => this.log.error({ error: error.message }, 'data plane'));
    child.once('exit', (code, signal) => {
      this.#child = null;
      if (this.#ended) return;
      if (!this.#isReady) this.#failure = 'the data plane cannot be started: vsockd’s log says why';
      if (performance.now() - startedAt > steadyMilliseconds)
        this.#pauseMilliseconds = shortestPauseMilliseconds;
      const pauseMilliseconds = this.#pauseMilliseconds;
      this.log.error({ code, signal, pauseMilliseconds }, 'the data plane ended; it is started again');
      this.#restart = setTimeout(() => this.start(), pauseMilliseconds);
      this.#pauseMilliseconds = Math.min(longestPauseMilliseconds, pauseMilliseconds * 2);
    });
    this.#send({ type: 'configure', config: this.config, version, rules: this.rules() });
  }

  /** Why a VM is not served, as far as is known; null: it is. */
  problemOf(vm: string): string | null {
    return this.#failure ?? this.#problems.get(vm) ?? null;
  }

  /** Ends flows that have a fast path at both of their ends. What has none is not touched. */
  reset(sockets: SocketName[]): void {
    this.#send({ type: 'reset', sockets });
  }

  /**
   * Other rules are in force: what they do not allow moves no more bytes. One that is started later gets them at its
   * start, and ends it at once.
   */
  obey(rules: RulesState): void {
    this.#send({ type: 'rules', rules });
  }

  /** Ends what the rules do not allow. */
  endDenied(): void {
    this.#send({ type: 'end-denied' });
  }

  /** Ends the process; flows live on in memory until a next one takes them up. */
  async stop(): Promise<void> {
    this.#ended = true;
    if (this.#restart) clearTimeout(this.#restart);
    const child = this.#child;
    if (child === null) return;
    const exited = once(child, 'exit');
    if (child.connected) child.disconnect();
    await exited;
  }

  #send(command: DataPlaneCommand): void {
    // A message that misses a dying child is no loss: it is about flows that the next one finds in the ledger.
    if (this.#child?.connected) this.#child.send(command, () => undefined);
  }

  #take(message: unknown): void {
    const report = DataPlaneReport.parse(message);
    if (report.type === 'log') this.log[report.level](report.fields, report.message);
    else if (report.type === 'vm') this.#problems.set(report.name, report.problem);
    else {
      this.#isReady = true;
      this.#failure = null;
      this.emit('ready');
    }
  }
}
