import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Requester } from '../audit/requester.js';
import { describeOutcome } from './rules-api.js';
import type { ChangeOutcome, RuleChange, RuleKeeper } from './rule-keeper.js';

/** Changes rules in somebody’s name: a line in the audit log before and after, with what was and what is. */
export class AuditedRules {
  constructor(
    private readonly keeper: RuleKeeper,
    private readonly audit: AuditLog,
  ) {}

  /** @throws VsocketError when the log cannot be written: then nothing is done */
  async change(
    command: string,
    asked: unknown,
    change: string,
    requester: Requester,
    act: (who: Pick<RuleChange, 'by' | 'change'>) => Promise<ChangeOutcome>,
  ): Promise<ReturnType<typeof describeOutcome>> {
    const entry = { change, command, requester };
    const before = this.keeper.revision.number;
    this.audit.append({ ...entry, phase: 'asked', what: { before, ...(asked as object) } });
    try {
      const outcome = describeOutcome(await act({ by: requester.user ?? String(requester.uid), change }));
      const flows = outcome.flows.map(({ id, rule }) => ({ id, rule }));
      const what = { before, after: outcome.revision, changes: outcome.changes, flows };
      this.audit.append({ ...entry, phase: 'done', what });
      return outcome;
    } catch (error) {
      this.audit.append({ ...entry, phase: 'done', what: { before, failed: (error as Error).message } });
      throw error;
    }
  }

  /** @throws VsocketError when another revision is in force than the one that a change was made for */
  refuseOther(revision: number | undefined): void {
    const { number } = this.keeper.revision;
    if (revision === undefined || revision === number) return;
    throw new VsocketError(
      'other-revision',
      `revision ${number} is in force, the change is for ${revision}`,
      'look at the rules again and repeat it',
      ExitCode.refused,
    );
  }
}
