import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { checkRuleSet } from '../../rules/check-rule-set.js';
import { emptyRuleSet, RuleSet } from '../../rules/rule-set.js';

/** A rule set that this host had, or has: a file for each, for people too. */
export const Revision = z.strictObject({
  number: z.number().int().min(0),
  at: z.iso.datetime(),
  /** Who asked for it, and the name of the change in the audit log. */
  by: z.string().nullable(),
  change: z.string().nullable(),
  note: z.string(),
  /** It is taken back, to this number, unless it is confirmed until then. */
  unlessConfirmed: z.strictObject({ until: z.iso.datetime(), back: z.number().int() }).nullable(),
  ruleSet: RuleSet,
});
export type Revision = z.infer<typeof Revision>;

/** Of older ones only so many are kept. */
const keptRevisions = 100;
const fileName = /^(\d{8})\.json$/;

/** The rule sets of a host in numbered files. The one with the highest number is in force. */
export class RevisionStore {
  constructor(private readonly directory: string) {}

  /**
   * The revision in force. Before any was written it is one without rules, number 0.
   * @throws VsocketError where the file cannot be read: no older set may take its place in silence
   */
  latest(): Revision {
    const last = this.numbers().at(-1);
    return this.read(last ?? 0);
  }

  /** In order; the oldest that is kept first. */
  numbers(): number[] {
    let names: string[];
    try {
      names = readdirSync(this.directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    return names
      .flatMap((name) => (fileName.test(name) ? [Number(name.slice(0, 8))] : []))
      .sort((a, b) => a - b);
  }

  /** @throws VsocketError where there is none, or it does not parse */
  read(number: number): Revision {
    if (number === 0) return origin;
    const file = this.#file(number);
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw unreadable(file, (error as Error).message);
      throw new VsocketError(
        'no-such-revision',
        `there is no revision ${number}`,
        'see vsockctl rules history',
        ExitCode.notFound,
      );
    }
    try {
      const revision = Revision.parse(JSON.parse(text));
      const problem = checkRuleSet(revision.ruleSet);
      if (problem !== null) throw new Error(problem.message);
      return revision;
    } catch (error) {
      const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
      throw unreadable(file, issue ? `${issue.path.join('.')}: ${issue.message}` : (error as Error).message);
    }
  }

  /** On the disk when it returns: the whole file or none. Also replaces a revision with itself, confirmed. */
  write(revision: Revision): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o750 });
    const file = this.#file(revision.number);
    const draft = `${file}.new`;
    writeFileSync(draft, `${JSON.stringify(revision, null, 2)}\n`, { mode: 0o640 });
    sync(draft);
    renameSync(draft, file);
    sync(this.directory);
    for (const number of this.numbers().slice(0, -keptRevisions)) rmSync(this.#file(number), { force: true });
  }

  #file(number: number): string {
    return join(this.directory, `${String(number).padStart(8, '0')}.json`);
  }
}

const origin: Revision = {
  number: 0,
  at: new Date(0).toISOString(),
  by: null,
  change: null,
  note: 'no rules yet',
  unlessConfirmed: null,
  ruleSet: emptyRuleSet,
};

function sync(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function unreadable(file: string, why: string): VsocketError {
  return new VsocketError(
    'bad-revision',
    `the rules in ${file} cannot be used (${why})`,
    'mend the file, or put it away to go back to the revision before',
    ExitCode.failed,
  );
}
