import type { Fleet } from '../fleet/fleet.js';
import { backOff } from './back-off.js';
import { ClosedFlows } from './closed-flows.js';
import { frameLists, type Frame, type FrameList } from './frame.js';
import { buildFrame, pollHost, type HostRound } from './host-state.js';

/** What the UI draws: the living flows and those that ended a moment ago, and the lists that it asks for now. */
export interface LiveFrame extends Frame {
  /** Lists that a host has answered. */
  answered: ReadonlySet<FrameList>;
  /** Hosts whose rows are old, with the time of these rows in milliseconds since 1970. */
  stale: ReadonlyMap<string, number>;
}

/** Before any host has answered. */
export function emptyFrame(): LiveFrame {
  return { ...buildFrame([], new Map(), new Date(), Infinity), answered: new Set(), stale: new Map() };
}

/** Polled all the time: the header counts them, and closed flows are found by comparing. */
const basicLists: readonly FrameList[] = ['vms', 'flows'];

/** Frames are handed on no more often than this, in milliseconds: a hundred hosts answer at a hundred moments. */
const frameMilliseconds = 500;

/** What a host said is old after so many rounds without a word: in the third one a dead peer has its sign. */
const staleRounds = 2.5;

/** Rounds that follow each other quickly are no reason to call a host old that takes a moment to answer. */
const staleAtLeastMilliseconds = 1500;

/** How often is looked whether what is shown has become old. */
const ageingMilliseconds = 1000;

/** Asks each host again and again, each at its own pace: one that hangs does not hold the others up. */
export class FleetMonitor {
  readonly #rounds = new Map<string, HostRound>();
  readonly #closed = new Map<string, ClosedFlows>();
  readonly #wakers = new Set<() => void>();
  readonly #failed = new Set<() => void>();
  #wanted = basicLists;
  #frameTimer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(
    private readonly fleet: Fleet,
    /** Pause between two rounds, in milliseconds. */
    private delayMilliseconds: number,
    private readonly onFrame: (frame: LiveFrame) => void,
  ) {}

  /** Runs until `stop`; rejects when the user interrupts. */
  async run(): Promise<void> {
    this.#announce();
    const ageing = setInterval(() => this.#age(), ageingMilliseconds);
    try {
      await Promise.all(this.fleet.names.map((name) => this.#follow(name)));
    } finally {
      clearInterval(ageing);
    }
  }

  stop(): void {
    this.#stopped = true;
    if (this.#frameTimer !== null) clearTimeout(this.#frameTimer);
    for (const wake of [...this.#wakers, ...this.#failed]) wake();
  }

  /** Asks all hosts now, those apart that are being asked or that fail. */
  refresh(): void {
    for (const wake of [...this.#wakers]) wake();
  }

  /** Asks for this list too from now on, or for none but the basic ones. */
  want(list: FrameList | null): void {
    this.#wanted = list === null ? basicLists : [...basicLists, list];
    this.refresh();
  }

  setDelay(milliseconds: number): void {
    this.delayMilliseconds = milliseconds;
    this.refresh();
  }

  async #follow(name: string): Promise<void> {
    const closed = new ClosedFlows();
    this.#closed.set(name, closed);
    let failures = 0;
    while (!this.#stopped) {
      const wanted = this.#wanted;
      const round = await pollHost(this.fleet, name, wanted);
      this.#rounds.set(name, round);
      failures = round.ok ? 0 : failures + 1;
      if (round.ok) closed.update(round.answer.lists.flows ?? [], Date.now());
      this.#announce();
      // What has been wanted in the meantime is asked at once.
      if (failures > 0 || wanted === this.#wanted) await this.#pause(failures);
    }
  }

  /** What the user asks for (another view, a kill) does not hurry hosts that fail. */
  #pause(failures: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        this.#failed.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, backOff(this.delayMilliseconds, failures, Math.random()));
      (failures === 0 ? this.#wakers : this.#failed).add(wake);
    });
  }

  /** Where a host is silent, no answer tells that its figures are old: they are drawn again. */
  #age(): void {
    const oldest = Date.now() - this.#staleMilliseconds;
    if ([...this.#rounds.values()].some((round) => round.ok && round.at <= oldest)) this.#announce();
  }

  get #staleMilliseconds(): number {
    return Math.max(staleAtLeastMilliseconds, staleRounds * this.delayMilliseconds);
  }

  #announce(): void {
    if (this.#stopped || this.#frameTimer !== null) return;
    this.onFrame(this.#frame());
    this.#frameTimer = setTimeout(() => {
      this.#frameTimer = null;
      if (!this.#stopped) this.onFrame(this.#frame());
    }, frameMilliseconds);
  }

  #frame(): LiveFrame {
    const frame = buildFrame(this.fleet.names, this.#rounds, new Date(), this.#staleMilliseconds);
    const stale = frame.hosts.filter(({ status }) => status === 'stale');
    const answers = [...this.#rounds.values()].flatMap((round) => (round.ok ? [round.answer.lists] : []));
    return {
      ...frame,
      stale: new Map(stale.map(({ host }) => [host, this.#rounds.get(host)?.at ?? 0])),
      answered: new Set(frameLists.filter((name) => answers.some((lists) => lists[name] !== undefined))),
      flows: [...frame.flows, ...[...this.#closed.values()].flatMap((closed) => closed.rows)],
    };
  }
}
