import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import type { RulesApply } from '../../api/rules-change.js';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { checkedRuleSet, parseRuleSet } from '../../rules/parse-rule-set.js';
import type { RuleSet } from '../../rules/rule-set.js';
import { effectTable } from '../columns/effect-table.js';
import type { Fleet, HostOutcome } from '../fleet/fleet.js';
import type { SeenRulesChanged } from '../fleet/host-client.js';
import { applyRules, effectsOf, planRules, type RulesByHost } from '../fleet/rule-changes.js';
import { renderRows } from '../output/render-rows.js';
import { confirm } from './confirm.js';
import { say, write, type Context } from './context.js';
import type { RulesInput } from './rules-input.js';
import { exitCodeOf, reportFailures } from './with-fleet.js';

/** Reads a rule set from a file, or from stdin (`-`). @throws VsocketError with line and column */
export function readRules({ file }: RulesInput): RuleSet {
  if (file === undefined)
    throw new VsocketError('usage', 'which rules?', 'name their file: --file FILE', ExitCode.usage);
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new VsocketError('no-such-file', `${file} cannot be read (${why})`, '', ExitCode.usage);
  }
  return parseRuleSet(text, file === '-' ? 'stdin' : file);
}

/** What a host says that a change would do there. */
export type Planned = Extract<HostOutcome<SeenRulesChanged>, { ok: true }>;

/** Prints what rules would do, and does nothing. */
export async function planAndShow(
  fleet: Fleet,
  rules: RulesByHost,
  input: RulesInput,
  context: Context,
): Promise<ExitCode> {
  return show(await planRules(fleet, rules), input, context);
}

/** Asks the hosts what would happen, then the user where live flows would end, and changes the rules. */
export async function changeRules(
  fleet: Fleet,
  rules: RulesByHost,
  input: RulesInput,
  context: Context,
): Promise<ExitCode> {
  const plans = await planRules(fleet, rules);
  return confirmAndAct(plans, input, context, (possible) =>
    applyRules(fleet, new Map(possible.map(({ host }) => [host, rules.get(host)!]))),
  );
}

/** Asks the user where live flows would end; then does it on the hosts where it is possible. */
export async function confirmAndAct(
  plans: readonly HostOutcome<SeenRulesChanged>[],
  input: RulesInput,
  context: Context,
  act: (possible: readonly Planned[]) => Promise<HostOutcome<SeenRulesChanged>[]>,
): Promise<ExitCode> {
  const possible = plans.filter((plan) => plan.ok);
  const failed = plans.filter(({ ok }) => !ok);
  if (possible.length === 0) return show(failed, input, context);
  const ending = effectsOf(plans).filter(({ effect }) => effect === 'ends').length;
  if (ending > 0 && !input.yes) {
    const list = tableOf(plans, { ...input, output: 'table' });
    const what = ending === 1 ? 'a live flow' : `${ending} live flows`;
    if (!(await confirm(`${list}End ${what}, and change the rules?`, ending, context)))
      throw new VsocketError('not-confirmed', 'nothing was changed', '', ExitCode.refused);
  }
  const outcomes = [...failed, ...(await act(possible))];
  const code = await show(outcomes, input, context);
  if (input.confirm !== undefined && code === ExitCode.done)
    await say(
      context.stderr,
      `taken back in ${input.confirm} seconds unless confirmed: vsockctl rules confirm\n`,
      context,
    );
  return code;
}

/** With --dry-run only the first part. */
export function planOrChange(
  fleet: Fleet,
  rules: RulesByHost,
  input: RulesInput,
  context: Context,
): Promise<ExitCode> {
  return (input.dryRun ? planAndShow : changeRules)(fleet, rules, input, context);
}

/** Makes of each host’s own rules what `act` makes of them. */
export async function editRules(
  fleet: Fleet,
  input: RulesInput,
  context: Context,
  act: (own: RuleSet) => RuleSet,
): Promise<ExitCode> {
  const outcomes = await fleet.askAll((host, signal) => host.rulesInForce(signal));
  const rules = new Map<string, RulesApply>();
  for (const outcome of outcomes) {
    if (!outcome.ok) continue;
    const { revision, ruleSet } = outcome.answer;
    const edited = checkedRuleSet(act(checkedRuleSet(ruleSet)));
    rules.set(outcome.host, { ...withOptions(edited, input), ifRevision: revision });
  }
  const failed = outcomes.filter(({ ok }) => !ok);
  await reportFailures(failed, context);
  if (rules.size === 0) return exitCodeOf(failed);
  const code = await planOrChange(fleet, rules, input, context);
  return failed.length === 0 || code !== ExitCode.done ? code : ExitCode.someHostsFailed;
}

export function withOptions(ruleSet: RuleSet, { confirm: seconds, note }: RulesInput): RulesApply {
  return {
    ruleSet,
    ...(seconds === undefined ? {} : { confirmSeconds: seconds }),
    ...(note === undefined ? {} : { note }),
  };
}

export async function show(
  outcomes: readonly HostOutcome<SeenRulesChanged>[],
  input: RulesInput,
  context: Context,
): Promise<ExitCode> {
  await write(context.stdout, tableOf(outcomes, input));
  for (const outcome of outcomes)
    if (outcome.ok && effectsOf([outcome]).length === 0)
      await say(
        context.stderr,
        `${outcome.host}: nothing changes, revision ${outcome.answer.revision}\n`,
        context,
      );
  await reportFailures(outcomes, context);
  return exitCodeOf(outcomes);
}

function tableOf(outcomes: readonly HostOutcome<SeenRulesChanged>[], input: RulesInput): string {
  const rows = effectsOf(outcomes);
  if (rows.length === 0 && input.output === 'table') return '';
  const options = { format: input.output, exact: false, headers: !input.noHeaders, now: Date.now() };
  return renderRows(rows, effectTable, ['host', 'effect', 'kind', 'name', 'detail'], options);
}

/** A rule set as people write it. */
export const asYaml = (ruleSet: unknown): string => stringify(ruleSet, { lineWidth: 110 });

/** One rule of the command line: YAML in braces. */
export const parseWord = (word: string): unknown => parse(word) as unknown;
