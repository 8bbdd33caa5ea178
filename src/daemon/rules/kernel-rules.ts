import { readdirSync, writeFileSync } from 'node:fs';
import type { HostConfig } from '../../config/host-config.js';
import type { HostRules } from '../../rules/host-rules.js';
import type { GuardedVm } from '../../rules/nft/guarded-vm.js';
import { tableLayout } from '../../rules/nft/table-layout.js';
import { formatAddress, parseAddress } from '../../ledger/address.js';
import type { Log } from '../log.js';
import { KernelTable } from './kernel-table.js';
import type { LiveEnd } from './live-end.js';
import { NftablesNetlink } from './nftables-netlink.js';

/** How often it is looked whether somebody else changed nftables. */
const lookMilliseconds = 500;

/** Has the kernel enforce the rules, and sees that it goes on doing so. */
export class KernelRules {
  /** Why the kernel does not enforce the rules; null: it does. */
  problem: string | null = 'not yet installed';
  readonly #table = new KernelTable();
  readonly #vms: GuardedVm[];
  readonly #uplinks: string[];
  #wanted: HostRules | null = null;
  #generation: number | null = null;
  /** One change of the table at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(
    { vms, bridges }: HostConfig,
    private readonly log: Log,
    /** What is open now, by those whom a kernel can tell it that has forgotten. */
    private readonly open: () => Promise<LiveEnd[]>,
  ) {
    this.#vms = vms.map((vm) => ({
      ...vm,
      addresses: vm.addresses.map((address) => formatAddress(parseAddress(address))),
    }));
    this.#uplinks = bridges.map(({ vxlan }) => vxlan);
  }

  /**
   * One transaction.
   * @throws Error with nft’s words: then all is as before
   */
  install(rules: HostRules): Promise<void> {
    return this.#inTurn(async () => {
      try {
        await this.#table.install(this.#layout(rules), this.open);
      } catch (error) {
        if (this.#wanted === null) this.problem = (error as Error).message;
        throw error;
      }
      this.#wanted = rules;
      this.problem = null;
    });
  }

  /** Notes the table as a change left it, so that a later one by somebody else is noticed. It takes its time. */
  noted(): Promise<void> {
    return this.#inTurn(() => this.#look());
  }

  /** Installs what vsockd begins with; where that fails, it is tried again and again. */
  async begin(rules: HostRules): Promise<void> {
    passBridgesBy();
    if (this.#wanted === null) await this.#try(rules);
    void this.noted();
    const tick = async (): Promise<void> => {
      await (this.#wanted === null ? this.#try(rules) : this.noted());
      this.#timer = setTimeout(() => void tick(), lookMilliseconds);
    };
    this.#timer = setTimeout(() => void tick(), lookMilliseconds);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#turn;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #try(rules: HostRules): Promise<void> {
    const before = this.problem;
    try {
      await this.install(rules);
      if (before !== null) this.log.info({}, 'the rules are enforced');
    } catch (error) {
      const problem = (error as Error).message;
      if (problem !== before) this.log.error({ problem }, 'the rules cannot be enforced; it is tried again');
    }
  }

  /** Puts right what somebody else changed in our table. */
  async #look(): Promise<void> {
    if (this.#stopped) return;
    try {
      const generation = readGeneration();
      if (generation !== null && generation === this.#generation) return;
      if (!(await this.#table.isAsLeft())) {
        this.log.warn({}, 'somebody else changed the table of rules; it is mended');
        await this.#table.mend(this.open);
      }
      this.#generation = generation;
    } catch (error) {
      this.log.error({ error: (error as Error).message }, 'the table of rules cannot be mended');
    }
  }

  #layout(rules: HostRules): ReturnType<typeof tableLayout> {
    return tableLayout(rules.state.ruleSet, rules.members, this.#vms, this.#uplinks);
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

function readGeneration(): number | null {
  const netlink = new NftablesNetlink();
  try {
    return netlink.generation();
  } finally {
    netlink.close();
  }
}

/** What bridges forward is none of the IP firewall’s business: br_netfilter would hand it there too. */
function passBridgesBy(): void {
  const directory = '/proc/sys/net/bridge';
  try {
    for (const name of readdirSync(directory))
      if (name.startsWith('bridge-nf-call-')) writeFileSync(`${directory}/${name}`, '0\n');
  } catch {
    // The module is not loaded, or the setting is not ours to change.
  }
}
