import { isDeepStrictEqual } from 'node:util';
import { flowTable, type FlowRow } from '../columns/flow-table.js';
import type { Fleet } from '../fleet/fleet.js';
import { rowComparer } from '../columns/compare-rows.js';
import { lists } from '../../api/lists.js';
import { canOrder } from '../fleet/narrowing.js';
import { backOff } from './back-off.js';
import { ClosedFlows } from './closed-flows.js';
import { Depths, type Given } from './depths.js';
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
import { patienceMilliseconds } from './patience.js';
import { Thrift, usedMilliseconds } from './thrift.js';

/** What the UI draws: the living flows and those that ended a moment ago, and the lists that it asks for now. */
export interface LiveFrame extends Frame {
  /** Lists that a host has answered. */
  answered: ReadonlySet<FrameList>;
  /** Hosts whose rows are old, with the time of these rows in milliseconds since 1970. */
  stale: ReadonlyMap<string, number>;
  /** Hosts have more flows than are here. */
  isCut: boolean;
  /** How many times longer than asked for the pauses between rounds are. */
  stretch: number;
}

/** Before any host has answered. */
export function emptyFrame(): LiveFrame {
  return {
    ...buildFrame([], new Map(), new Date()),
    answered: new Set(),
    stale: new Map(),
    isCut: false,
    stretch: 1,
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

/** So often is looked at what it costs. */
const ageingsPerMeasure = 4;

/** How often is looked whether what is shown has become old. */
const ageingMilliseconds = 1000;

/** Asks each host again and again, each at its own pace: one that hangs does not hold the others up. */
export class FleetMonitor {
  readonly #rounds = new Map<string, HostRound>();
  readonly #closed = new Map<string, ClosedFlows>();
  /** By host. */
  readonly #wakers = new Map<string, () => void>();
  readonly #failed = new Map<string, () => void>();
  readonly #thrift = new Thrift();
  readonly #depths: Depths<FlowRow>;
  /** What each host gave of the flows that are looked at, where it was not asked for all. */
  readonly #given = new Map<string, Given<FlowRow>>();
  #polls: FrameList | null = null;
  #glance: Glance | null = null;
  readonly #cut = new Set<string>();
  #lookTimer: NodeJS.Timeout | null = null;
  /** Counts changes of what is wanted. */
  #wants = 0;
  #frameTimer: NodeJS.Timeout | null = null;
  #stopped = false;
  /** Counts how often was looked whether anything is old. */
  #ages = 0;

  constructor(
    private readonly fleet: Fleet,
    /** Pause between two rounds, in milliseconds. */
    private delayMilliseconds: number,
    private readonly onFrame: (frame: LiveFrame) => void,
  ) {
    this.#depths = new Depths(fleet.names.length);
  }

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
    for (const wake of [...this.#wakers.values(), ...this.#failed.values()]) wake();
  }

  /** Asks all hosts now, those apart that are being asked or that fail. */
  refresh(): void {
    for (const wake of [...this.#wakers.values()]) wake();
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
    if (before === null || !isDeepStrictEqual(littleOf({ ...before, rows: glance.rows }), littleOf(glance))) {
      this.#depths.forget();
      this.#given.clear();
    }
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
      const round = await pollHost(this.fleet, name, wishes, this.#patienceMilliseconds);
      if (round.ok) this.#settleFlows(name, round.answer, wishes, closed);
      this.#rounds.set(name, round);
      failures = round.ok ? 0 : failures + 1;
      this.#announce();
      // What has been wanted in the meantime is asked at once; so is all of a host that turns out to have little.
      const isSettled = wants === this.#wants && hadLittle === this.#hasLittle(name);
      if (failures > 0 || isSettled) await this.#pause(name, failures);
    }
  }

  /** All of a host is asked for only once it is known that it is little. */
  #wishesFor(name: string): ListWish[] {
    if (this.#glance !== null && !this.#hasLittle(name))
      return littleOf(this.#glance).map((wish) => this.#shallow(name, wish));
    return wholeLists(this.#polls === null ? basicLists : [...basicLists, this.#polls]);
  }

  /** Of the rows that are looked at, only those that this host may have. */
  #shallow(name: string, wish: ListWish): ListWish {
    const limit = this.#limit;
    if (limit === null) return wish;
    const depth = String(this.#depths.of(name, limit));
    return { ...wish, narrowing: { ...wish.narrowing, limit: depth } };
  }

  /** How many flows are looked at, where hosts put them into the order of the screen. */
  get #limit(): number | null {
    const limit = this.#glance?.list === 'flows' ? littleOf(this.#glance)[0]?.narrowing['limit'] : undefined;
    if (limit === undefined || !canOrder(lists.flows, this.#glance!.sort.key)) return null;
    return Number(limit);
  }

  /** Asks hosts again at once whose rows do not reach down to the end of the screen. */
  #deepen(): void {
    const limit = this.#limit;
    if (limit === null) return;
    const compare = rowComparer(flowTable, this.#glance!.sort);
    for (const name of this.#depths.deepen(this.#given, limit, compare)) this.#wakers.get(name)?.();
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
      this.#given.delete(name);
      return;
    }
    closed.forget();
    const limit = Number(wish?.narrowing['limit'] ?? Infinity);
    const isCut = (lists.flows?.length ?? 0) >= limit;
    if (isCut) this.#cut.add(name);
    else this.#cut.delete(name);
    this.#given.set(name, { rows: lists.flows ?? [], isCut });
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
  #pause(name: string, failures: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakers.delete(name);
        this.#failed.delete(name);
        resolve();
      };
      const timer = setTimeout(wake, backOff(this.#pauseMilliseconds, failures, Math.random()));
      (failures === 0 ? this.#wakers : this.#failed).set(name, wake);
    });
  }

  get #pauseMilliseconds(): number {
    return this.delayMilliseconds * this.#thrift.stretch;
  }

  /** Where a host is silent, no answer tells that its figures are old: they are drawn again. */
  #age(): void {
    this.#ages += 1;
    // While many are connected to, the others are asked less often: they must not keep those from their turn.
    if (this.#ages % ageingsPerMeasure === 0) this.#thrift.measure(performance.now(), usedMilliseconds());
    const now = Date.now();
    if ([...this.#rounds.values()].some((round) => round.ok && round.staleAt <= now)) this.#announce();
  }

  /** What a host says is not old before its next rounds are over, at the pace of now. */
  get #patienceMilliseconds(): number {
    return patienceMilliseconds(this.#pauseMilliseconds);
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
    this.#deepen();
    const frame = buildFrame(this.fleet.names, this.#rounds, new Date());
    const stale = frame.hosts.filter(({ status }) => status === 'stale');
    const answers = [...this.#rounds.values()].flatMap((round) => (round.ok ? [round.answer.lists] : []));
    return {
      ...frame,
      isCut: this.#cut.size > 0,
      stretch: this.#thrift.stretch,
      stale: new Map(stale.map(({ host }) => [host, this.#rounds.get(host)?.at ?? 0])),
      answered: new Set(frameLists.filter((name) => answers.some((lists) => lists[name] !== undefined))),
      flows: [...frame.flows, ...[...this.#closed.values()].flatMap((closed) => closed.rows)],
    };
  }
}
