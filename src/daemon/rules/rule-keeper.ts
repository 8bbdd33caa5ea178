import type { HostConfig } from '../../config/host-config.js';
import type { Directory } from '../../directory/directory.js';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { changesBetween, type Change } from '../../rules/changes.js';
import { HostRules, type RulesState } from '../../rules/host-rules.js';
import type { RuleSet } from '../../rules/rule-set.js';
import type { FlowWithConnection } from '../flows/flow-snapshot.js';
import type { FlowWatch } from '../flows/flow-watch.js';
import type { Log } from '../log.js';
import type { KernelRules } from './kernel-rules.js';
import { bothSidesOf, type LiveEnds, type LivePlace } from './live-ends.js';
import { openConnections } from './open-connections.js';
import { connectionName } from './live-end.js';
import { deniedEnds, deniedFlows, placesOfChange, type DeniedEnd, type DeniedFlow } from './revocation.js';
import type { Revision, RevisionStore } from './revision-store.js';
import { vmAddresses } from './vm-addresses.js';

export interface RuleKeeperNeeds {
  config: HostConfig;
  fleet: Directory | null;
  store: RevisionStore;
  kernel: Pick<KernelRules, 'install' | 'noted' | 'begin' | 'stop' | 'problem'>;
  live: LiveEnds;
  watch: FlowWatch;
  log: Log;
  dataPlane: {
    /** Other rules hold. What they do not allow moves no more bytes: until it is ended, or may move again. */
    obey: (state: RulesState) => void;
    /** Ends what its rules do not allow. */
    endDenied: () => void;
  };
  /** Ends flows on every path; both programs see a reset. */
  reset: (flows: FlowWithConnection[]) => Promise<void>;
}

/** A flow on a fast path sends no TCP packets: the kernel would forget it after five idle days. */
const refreshMilliseconds = 6 * 3600 * 1000;

/** Who changes the rules, and how long they are on trial. */
export interface RuleChange {
  by: string | null;
  change: string | null;
  note: string;
  confirmSeconds: number | null;
}

/** What a change does, or would do. */
export interface ChangeOutcome {
  revision: number;
  changes: Change[];
  ended: DeniedFlow[];
}

/** What was done to what is open, and where else it may have to be done. */
interface Enforced {
  places: LivePlace[];
  cut: DeniedEnd[];
}

/** The rules of this host: which they are, and that they hold for all that is open. */
export class RuleKeeper {
  #revision: Revision;
  #rules: HostRules;
  #turn: Promise<unknown> = Promise.resolve();
  #trial: NodeJS.Timeout | null = null;
  #refresher: NodeJS.Timeout | null = null;

  /** @throws VsocketError where the rules on the disk cannot be used */
  constructor(private readonly needs: RuleKeeperNeeds) {
    this.#revision = needs.store.latest();
    this.#rules = this.#rulesOf(this.#revision.ruleSet);
    needs.fleet?.onChange(() => void this.#inTurn(() => this.#readAddresses()));
  }

  get revision(): Revision {
    return this.#revision;
  }

  get rules(): HostRules {
    return this.#rules;
  }

  /** Enforces what was in force before vsockd ended. */
  async begin(): Promise<void> {
    await this.needs.kernel.begin(this.#rules);
    this.#watchTrial();
    this.#refresher = setInterval(() => void this.#refresh(), refreshMilliseconds);
  }

  /** What a change would do; nothing is done. */
  async plan(ruleSet: RuleSet): Promise<ChangeOutcome> {
    const { revision } = this;
    const changes = changesBetween(revision.ruleSet, ruleSet);
    const rules = this.#rulesOf(ruleSet);
    const { live, watch } = this.needs;
    const denied = await deniedEnds(rules, this.#placesOfChange(rules), live);
    if (denied.length > 0) await watch.newSnapshot();
    const ended = await deniedFlows(denied, watch);
    return { revision: revision.number, changes, ended };
  }

  /** What a rollback would do. */
  planRollback(number: number | null): Promise<ChangeOutcome> {
    return this.plan(this.#older(number).ruleSet);
  }

  /** @throws VsocketError where it is not kept */
  #older(number: number | null): Revision {
    return this.needs.store.read(number ?? this.#revision.number - 1);
  }

  /**
   * Takes other rules into force: new connections first, then what is open.
   * @throws VsocketError: then the old rules are in force as before
   */
  apply(ruleSet: RuleSet, change: RuleChange): Promise<ChangeOutcome> {
    return this.#inTurn(() => this.#apply(ruleSet, change));
  }

  /** Back to an older revision, under a new number. Without a number: to the one before. */
  rollback(
    number: number | null,
    change: Omit<RuleChange, 'note' | 'confirmSeconds'>,
  ): Promise<ChangeOutcome> {
    return this.#inTurn(async () => {
      const older = this.#older(number);
      const note = `back to revision ${older.number}`;
      return this.#apply(older.ruleSet, { ...change, note, confirmSeconds: null });
    });
  }

  /** @throws VsocketError where nothing waits for it */
  confirm(): Promise<number> {
    return this.#inTurn(async () => {
      if (this.#revision.unlessConfirmed === null)
        throw new VsocketError('nothing-to-confirm', 'no change waits to be confirmed', '', ExitCode.refused);
      const confirmed = { ...this.#revision, unlessConfirmed: null };
      this.needs.store.write(confirmed);
      this.#revision = confirmed;
      this.#watchTrial();
      return confirmed.number;
    });
  }

  async stop(): Promise<void> {
    if (this.#trial !== null) clearTimeout(this.#trial);
    if (this.#refresher !== null) clearInterval(this.#refresher);
    await this.#turn;
    await this.needs.kernel.stop();
  }

  async #apply(ruleSet: RuleSet, { by, change, note, confirmSeconds }: RuleChange): Promise<ChangeOutcome> {
    const before = this.#revision;
    const changes = changesBetween(before.ruleSet, ruleSet);
    if (changes.length === 0 && before.unlessConfirmed === null)
      return { revision: before.number, changes, ended: [] };
    const rules = this.#rulesOf(ruleSet);
    const old = this.#rules;
    const enforced = await this.#enforce(rules);
    const revision: Revision = {
      number: before.number + 1,
      at: new Date().toISOString(),
      by,
      change,
      note,
      unlessConfirmed:
        confirmSeconds === null
          ? null
          : {
              until: new Date(Date.now() + confirmSeconds * 1000).toISOString(),
              // Of several changes on trial the last one’s end takes all back.
              back: before.unlessConfirmed?.back ?? before.number,
            },
      ruleSet,
    };
    try {
      this.needs.store.write(revision);
    } catch (error) {
      await this.#restore(old, enforced.cut);
      await this.needs.kernel.install(old);
      const why = (error as Error).message;
      throw new VsocketError(
        'rules-unwritable',
        `the rules cannot be kept: ${why}`,
        endedThough(enforced.cut),
      );
    }
    this.#revision = revision;
    this.#watchTrial();
    const ended = await this.#endDenied(enforced);
    await this.needs.kernel.noted();
    return { revision: revision.number, changes, ended };
  }

  /**
   * From now on nothing passes that the rules do not allow: of what is open first, since to change the kernel’s rules
   * takes longer than all the rest; and where it fails, packets that were lost meanwhile are sent again.
   * @throws VsocketError
   */
  async #enforce(rules: HostRules): Promise<Enforced> {
    const old = this.#rules;
    const { dataPlane, kernel, live } = this.needs;
    let cut: DeniedEnd[] = [];
    dataPlane.obey(rules.state);
    const places = this.#placesOfChange(rules);
    try {
      cut = await deniedEnds(rules, places, live);
      await live.forget(cut.map(({ end }) => end));
      this.#rules = rules;
      // Not before: a program that saw its flow end would end itself, and its FIN would tell the other of no reset.
      dataPlane.endDenied();
      await kernel.install(rules);
    } catch (error) {
      await this.#restore(old, cut);
      const why = (error as Error).message;
      const message = `the kernel did not take the rules (${why})`;
      throw new VsocketError('rules-not-enforced', message, endedThough(cut));
    }
    return { places, cut };
  }

  /** The old rules stay: what they allow may pass again. */
  async #restore(old: HostRules, cut: readonly DeniedEnd[]): Promise<void> {
    this.#rules = old;
    this.needs.dataPlane.obey(old.state);
    await this.needs.live.refresh(cut.map(({ end }) => end));
  }

  /**
   * Both programs of each flow shall know of it.
   * What was opened after the cut, before the kernel had the rules, is looked for here.
   */
  async #endDenied({ places, cut }: Enforced): Promise<DeniedFlow[]> {
    const { live, watch } = this.needs;
    const late = await deniedEnds(this.#rules, places, live);
    await live.forget(late.map(({ end }) => end));
    const flows = await deniedFlows([...cut, ...late], watch);
    if (flows.length > 0) void this.#reset(flows);
    return flows;
  }

  async #reset(flows: DeniedFlow[]): Promise<void> {
    const { log, reset } = this.needs;
    for (const { target, rule } of flows)
      log.info(
        { event: 'flow-revoked', flow: target.flow.id, rule },
        'the rules do not allow a flow any more',
      );
    try {
      await reset(flows.map(({ target }) => target));
    } catch (error) {
      log.error({ error: (error as Error).message }, 'flows that rules do not allow could not be reset');
    }
  }

  /** Members of groups may have other addresses now. */
  async #readAddresses(): Promise<void> {
    const rules = this.#rulesOf(this.#revision.ruleSet);
    if (JSON.stringify(rules.state.addresses) === JSON.stringify(this.#rules.state.addresses)) return;
    try {
      await this.#endDenied(await this.#enforce(rules));
      await this.needs.kernel.noted();
    } catch (error) {
      this.needs.log.error({ error: (error as Error).message }, 'groups could not follow the directory');
    }
  }

  async #refresh(): Promise<void> {
    const { config, kernel, live, log, watch } = this.needs;
    if (kernel.problem !== null) return;
    const vms = config.vms.map(({ name }) => name);
    try {
      const open = new Set((await openConnections(watch, vms)).map(connectionName));
      const ends = await live.list(bothSidesOf(vms), ['tcp']);
      await live.refresh(ends.filter((end) => open.has(connectionName(end))));
    } catch (error) {
      log.error({ error: (error as Error).message }, 'open connections could not be remembered anew');
    }
  }

  #watchTrial(): void {
    if (this.#trial !== null) clearTimeout(this.#trial);
    this.#trial = null;
    const { unlessConfirmed, number } = this.#revision;
    if (unlessConfirmed === null) return;
    const left = Math.max(0, Date.parse(unlessConfirmed.until) - Date.now());
    this.#trial = setTimeout(() => void this.#takeBack(number, unlessConfirmed.back), left);
  }

  async #takeBack(number: number, back: number): Promise<void> {
    const { log } = this.needs;
    try {
      await this.#inTurn(async () => {
        if (this.#revision.number !== number || this.#revision.unlessConfirmed === null) return;
        const { ruleSet } = this.needs.store.read(back);
        const note = `revision ${number} was not confirmed`;
        await this.#apply(ruleSet, { by: null, change: null, note, confirmSeconds: null });
        log.warn({ revision: number, back }, 'a change of rules was not confirmed, and is taken back');
      });
    } catch (error) {
      log.error({ error: (error as Error).message }, 'a change of rules could not be taken back');
    }
  }

  /** Where rules may judge otherwise than those in force. */
  #placesOfChange(rules: HostRules): LivePlace[] {
    const vms = this.needs.config.vms.map(({ name }) => name);
    return placesOfChange(this.#rules, rules, vms);
  }

  #rulesOf(ruleSet: RuleSet): HostRules {
    const { config, fleet } = this.needs;
    return new HostRules({ ruleSet, addresses: vmAddresses(config.vms, fleet) }, config.vms);
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/** What is left of a change that failed. */
const endedThough = (cut: readonly DeniedEnd[]): string =>
  cut.length === 0
    ? 'nothing was changed'
    : 'the rules are as before; flows on a fast path that the new ones deny were ended';
