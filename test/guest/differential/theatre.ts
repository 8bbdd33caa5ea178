import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedgerReader } from '../../../src/ledger/ledger-reader.js';
import { Guests } from '../../support/guests.js';
import { events, message } from './constants.js';
import type { Outcome, Program, Side, Step } from './program.js';
import { compileActors, Stage, type Mode } from './stage.js';

/** What remains to be read at both ends shows what went lost or came twice. */
const ending: Step[] = ([0, 1] as Side[]).flatMap((side) => [
  { side, role: 0, call: 'recv', arguments: [0, 60000, message.MSG_DONTWAIT, 0, 0] },
  { side, role: 0, call: 'recv', arguments: [0, 60000, message.MSG_DONTWAIT, 0, 0] },
  { side, role: 0, call: 'poll', arguments: [0, 0, events.IN | events.OUT | events.RDHUP, -1, 0, -1, 0] },
]);

/** A program with its ending, and what came of it in both runs. */
export interface Play {
  program: Program;
  plain: Outcome[];
  other: Outcome[];
}

/** What was compared so far. */
export class Count {
  programs = 0;
  /** Those that could be made, and not those of endings. */
  steps = 0;
  /** Calls that found nothing yet and were made again. */
  late = 0;
  /** Steps after which something was on its way for too long. */
  unsettled = 0;

  add(program: Program, outcomes: readonly Outcome[]): void {
    this.programs++;
    const own = outcomes.slice(0, program.steps.length);
    this.steps += own.filter(({ status }) => status === 'done' || status === 'blocked').length;
    this.late += outcomes.filter(({ late }) => late > 0).length;
    this.unsettled += outcomes.filter(({ unsettled }) => unsettled).length;
  }

  toString(): string {
    const { programs, steps, late, unsettled } = this;
    return `${steps} steps in ${programs} programs, asked again ${late} times, not settled ${unsettled} times`;
  }
}

/** Two VMs, and pairs of actors between them: one on plain TCP, whose results are right, and others to compare. */
export class Theatre {
  readonly count = new Count();

  private constructor(
    private readonly guests: Guests,
    private readonly directory: string,
    private readonly plain: Stage,
    private readonly others: ReadonlyMap<Mode, Stage>,
  ) {}

  static async open(modes: readonly Mode[]): Promise<Theatre> {
    const directory = mkdtempSync(join(tmpdir(), 'vsocket-differential-'));
    const vms = ['a', 'b'].map((name, index) => ({ name, address: `10.0.0.${index + 1}` }));
    const guests = await Guests.start({ vms, upgradeAfterCalls: 1 });
    // Acknowledged at once: otherwise what is sent in two parts takes 40 ms to arrive.
    for (const { name } of vms)
      guests.inNamespace(name, ['ip', 'route', 'replace', '10.0.0.0/24', 'dev', 'eth0', 'quickack', '1']);
    await compileActors(directory);
    const plain = await Stage.open(guests, directory, 'oracle', 'plain');
    const others = new Map<Mode, Stage>();
    for (const mode of modes) others.set(mode, await Stage.open(guests, directory, mode, mode));
    return new Theatre(guests, directory, plain, others);
  }

  async play({ inRings, steps }: Program, mode: Mode): Promise<Play> {
    const program = { inRings, steps: [...steps, ...ending] };
    const plain = await this.plain.play(program, null);
    const other = await this.others.get(mode)!.play(program, plain);
    this.count.add({ inRings, steps }, other);
    return { program, plain, other };
  }

  /** What the rings of each VM carried. */
  ringBytes(): number[] {
    const ledger = openLedgerReader(this.guests.config);
    const bytes = ledger.vms().map((vm) => vm.ringTxBytes);
    ledger.close();
    return bytes;
  }

  async close(): Promise<void> {
    await this.plain.close();
    for (const stage of this.others.values()) await stage.close();
    await this.guests.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
