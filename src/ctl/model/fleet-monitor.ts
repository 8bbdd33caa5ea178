import { isDeepStrictEqual } from 'node:util';
import { flowTable, type FlowRow } from '../columns/flow-table.js';
import type { Fleet } from '../fleet/fleet.js';
import { backOff } from './back-off.js';
import { ClosedFlows } from './closed-flows.js';
import { frameLists, type Frame, type FrameList } from './frame.js';
import { littleOf, type Glance } from './glance.js';
import {
  buildFrame,
  pollHost,
  wholeLists,
  type HostAnswer,
  type HostRound,
  type ListWish,
} from './host-state.js';

/** What the UI draws: the living flows and those that ended a moment ago, and the lists that it asks for now. */
export interface LiveFrame extends Frame {
  /** Lists that a host has answered. */
  answered: ReadonlySet<FrameList>;
  /** Hosts whose rows are old, with the time of these rows in milliseconds since 1970. */
  stale: ReadonlyMap<string, number>;
  /** Hosts have more flows than are here. */
  isCut: boolean;
}

/** Before any host has answered. */
export function emptyFrame(): LiveFrame {
  return {
    ...buildFrame([], new Map(), new Date(), Infinity),
    answered: new Set(),
    stale: new Map(),
    isCut: false,
  };
}

/** Polled all the time where that is little: closed flows are found by comparing, and filters answer at once. */
const basicLists: readonly FrameList[] = ['vms', 'flows'];

/** Beyond that many hosts, or flows of all of them, hosts are asked only for what is on the screen. */
const fewHosts = 64;
const fewFlows = 20_000;

/** Whoever types changes what is looked at with each key; hosts are asked when that has settled, in milliseconds. */
const settleMilliseconds = 300;

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
  #polls: FrameList | null = null;
  #glance: Glance | null = null;
  readonly #cut = new Set<string>();
  #lookTimer: NodeJS.Timeout | null = null;
  /** Counts changes of what is wanted. */
  #wants = 0;
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
    if (this.#lookTimer !== null) clearTimeout(this.#lookTimer);
    for (const wake of [...this.#wakers, ...this.#failed]) wake();
  }

  /** Asks all hosts now, those apart that are being asked or that fail. */
  refresh(): void {
    for (const wake of [...this.#wakers]) wake();
  }

  /** Asks for this list too from now on, or for none but the basic ones. */
  want(list: FrameList | null): void {
    this.#polls = list;
    this.#wants += 1;
    this.refresh();
  }

  /** What is on the screen. Hosts are asked for it at once where they are not asked for all. */
  look(glance: Glance): void {
    const before = this.#glance;
    this.#glance = glance;
    if (before !== null && isDeepStrictEqual(littleOf(before), littleOf(glance))) return;
    if (this.fleet.names.every((name) => this.#hasLittle(name))) return;
    this.#lookTimer ??= setTimeout(() => {
      this.#lookTimer = null;
      this.#wants += 1;
      this.refresh();
    }, settleMilliseconds);
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
      const wants = this.#wants;
      const hadLittle = this.#hasLittle(name);
      const wishes = this.#wishesFor(name);
      const round = await pollHost(this.fleet, name, wishes);
      if (round.ok) this.#settleFlows(name, round.answer, wishes, closed);
      this.#rounds.set(name, round);
      failures = round.ok ? 0 : failures + 1;
      this.#announce();
      // What has been wanted in the meantime is asked at once; so is all of a host that turns out to have little.
      const isSettled = wants === this.#wants && hadLittle === this.#hasLittle(name);
      if (failures > 0 || isSettled) await this.#pause(failures);
    }
  }

  /** All of a host is asked for only once it is known that it is little. */
  #wishesFor(name: string): ListWish[] {
    if (this.#glance !== null && !this.#hasLittle(name)) return littleOf(this.#glance);
    return wholeLists(this.#polls === null ? basicLists : [...basicLists, this.#polls]);
  }

  /** It is known that a host, with others like it, has little. */
  #hasLittle(name: string): boolean {
    const round = this.#rounds.get(name);
    const { length } = this.fleet.names;
    return length <= fewHosts && round?.ok === true && (round.answer.host.flows ?? 0) <= fewFlows / length;
  }

  #settleFlows(name: string, answer: HostAnswer, wishes: readonly ListWish[], closed: ClosedFlows): void {
    const { lists } = answer;
    const wish = wishes.find(({ list }) => list === 'flows');
    if (wish !== undefined && Object.keys(wish.narrowing).length === 0) {
      closed.update(lists.flows ?? [], Date.now());
      this.#cut.delete(name);
      return;
    }
    closed.forget();
    const limit = Number(wish?.narrowing['limit'] ?? Infinity);
    if ((lists.flows?.length ?? 0) >= limit) this.#cut.add(name);
    else this.#cut.delete(name);
    lists.flows = [...(lists.flows ?? []), ...this.#markedBefore(name, lists.flows ?? [])];
  }

  /** A marked flow stays where it can be seen and killed, though it comes further down now. */
  #markedBefore(name: string, flows: readonly FlowRow[]): FlowRow[] {
    const marked = this.#glance?.marked ?? new Set();
    const before = this.#rounds.get(name);
    if (marked.size === 0 || before?.ok !== true) return [];
    const present = new Set(flows.map((flow) => flow.id));
    return (before.answer.lists.flows ?? []).filter(
      (flow) => marked.has(flowTable.locate(flow)) && !present.has(flow.id),
    );
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
      isCut: this.#cut.size > 0,
      stale: new Map(stale.map(({ host }) => [host, this.#rounds.get(host)?.at ?? 0])),
      answered: new Set(frameLists.filter((name) => answers.some((lists) => lists[name] !== undefined))),
      flows: [...frame.flows, ...[...this.#closed.values()].flatMap((closed) => closed.rows)],
    };
  }
}
