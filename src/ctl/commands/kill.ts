import { joinFilters } from '../../filter/join-filters.js';
import { z } from 'zod';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { flowTable } from '../columns/flow-table.js';
import { outcomeTable, type OutcomeRow } from '../columns/outcome-table.js';
import { vocabularyOf } from '../columns/vocabulary.js';
import { endsOf } from '../model/connections.js';
import { compileFilter } from '../../filter/compile-filter.js';
import { carryOutKill, planKill, type KillPlan, type KillSelection } from '../fleet/kill-flows.js';
import type { Fleet, HostOutcome } from '../fleet/fleet.js';
import { outputFormatNames, outputFormats } from '../output/output-format.js';
import { renderRows } from '../output/render-rows.js';
import { renderTable } from '../output/render-table.js';
import { defineCommand } from './command.js';
import { confirm } from './confirm.js';
import { say, write, type Context } from './context.js';
import { filterBeginnings, FleetInput, fleetOptions } from './shared-options.js';
import { exitCodeOf, reportFailures, withFleet } from './with-fleet.js';
import { requireVm } from '../fleet/require-vm.js';

const KillInput = FleetInput.extend({
  arguments: z.array(z.string().max(128, 'a flow’s id has at most 128 characters')),
  vm: z.string().max(64, 'a VM’s name has at most 64 characters').optional(),
  filter: z.array(z.string()).default([]),
  dryRun: z.boolean().default(false),
  yes: z.boolean().default(false),
  output: z.enum(outputFormatNames).default('table'),
});
type KillInput = z.infer<typeof KillInput>;

export const killCommand = defineCommand({
  name: 'kill',
  summary: 'end flows with a reset that both programs see',
  description: [
    'Ends flows, all flows of one VM, or those that a filter picks: both programs see their connection reset, whatever path it is on and whether or not the guest cooperates. The hosts are asked first what they would end; then you are asked, with a list.',
    'Above 20 flows the answer is their number. Flows end some hundred at a time, each time with a limit of a minute of its own. Where a host is lost meanwhile, the outcome is unknown; then the audit log of the host tells, under the change that is named.',
    'Every kill is written to the audit log of its host, with the user who asked.',
  ],
  arguments: [
    {
      name: 'flow',
      arity: 'many',
      summary: 'ids of flows, as vsockctl flows lists them',
      completes: 'flows',
    },
  ],
  options: [
    { long: 'vm', value: 'VM', summary: 'all flows of this VM', completes: 'vms' },
    {
      long: 'filter',
      short: 'f',
      value: 'FILTER',
      repeatable: true,
      summary: 'flows that match; see vsockctl help filters',
      suggestions: filterBeginnings(flowTable),
    },
    { long: 'dry-run', summary: 'show what would be ended, and end nothing' },
    { long: 'yes', short: 'y', summary: 'do not ask; needed where there is no terminal' },
    {
      long: 'output',
      short: 'o',
      value: 'FORMAT',
      choices: outputFormatNames,
      summary: `form of the list of outcomes: ${Object.keys(outputFormats).join(', ')}`,
    },
    ...fleetOptions,
  ],
  examples: [
    { line: 'vsockctl kill red1:5003', meaning: 'end one flow, after a question' },
    { line: 'vsockctl kill --vm red1 --dry-run', meaning: 'what would end' },
    { line: 'vsockctl kill -f remotePort=6379', meaning: 'end all flows to Redis' },
  ],
  exitCodes: [
    ExitCode.done,
    ExitCode.failed,
    ExitCode.usage,
    ExitCode.someHostsFailed,
    ExitCode.authentication,
    ExitCode.unreachable,
    ExitCode.notFound,
    ExitCode.refused,
  ],
  input: KillInput,
  handle: (input, context) =>
    withFleet(input, context, async (fleet) => {
      const plan = await planKill(fleet, selectionOf(input));
      refuseAmbiguity(plan);
      const missing = missingRows(input, plan);
      if (input.vm !== undefined && plan.flows.length === 0) await requireVmOf(fleet, input.vm, plan);
      if (plan.flows.length === 0 && input.filter.length > 0) requireMatch(plan);
      if (plan.flows.length === 0) return conclude(input, context, plan.outcomes, [], missing);
      if (input.dryRun) {
        const rows = plan.flows.map((flow): OutcomeRow => ({
          id: flow.id,
          host: flow.host,
          outcome: 'would-reset',
          detail: '',
        }));
        return conclude(input, context, plan.outcomes, rows, missing);
      }
      if (!input.yes && !(await ask(plan, context))) {
        throw new VsocketError('not-confirmed', 'nothing was killed', '', ExitCode.refused);
      }
      const { rows, outcomes } = await carryOutKill(fleet, plan, progress(plan.flows.length, context));
      const failedBefore = plan.outcomes.filter((outcome) => !outcome.ok);
      return conclude(input, context, [...failedBefore, ...outcomes], rows, missing);
    }),
});

function selectionOf(input: KillInput): KillSelection {
  const ids = [...new Set(input.arguments)];
  const given = [ids.length > 0, input.vm !== undefined, input.filter.length > 0];
  if (given.filter(Boolean).length !== 1) {
    throw new VsocketError(
      'usage',
      'kill wants either flows, or --vm, or --filter (vm=VM is a filter too)',
      'see vsockctl kill --help',
      ExitCode.usage,
    );
  }
  if (input.vm !== undefined) return { vm: input.vm };
  return ids.length > 0
    ? { ids }
    : { matches: compileFilter(joinFilters(input.filter), vocabularyOf(flowTable)) };
}

/** Nothing to kill is not what was asked for. A host that failed may have some; then its failure is the result. */
function requireMatch(plan: KillPlan): void {
  if (plan.outcomes.some((outcome) => !outcome.ok)) return;
  const message = 'no flow matches the filter';
  throw new VsocketError('no-match', message, 'see what does with: vsockctl flows -f', ExitCode.notFound);
}

/** Tells on a terminal how far a kill of many has come. */
function progress(total: number, { stderr }: Context): (done: number) => void {
  return (done) => {
    if (stderr.isTTY && total > 1)
      stderr.write(`\r${String(done)} of ${String(total)} ended\u001b[K${done < total ? '' : '\n'}`);
  };
}

/** VM names are unique on a host, not among hosts; killing the wrong tenant’s flow is no way to find out. */
function refuseAmbiguity(plan: KillPlan): void {
  const hosts = new Map<string, string>();
  for (const flow of plan.flows.flatMap(endsOf)) {
    const other = hosts.get(flow.id);
    if (other !== undefined && other !== flow.host) {
      throw new VsocketError(
        'ambiguous',
        `${flow.id} is on ${other} and on ${flow.host}`,
        'choose with --host',
        ExitCode.refused,
      );
    }
    hosts.set(flow.id, flow.host);
  }
}

async function requireVmOf(fleet: Fleet, vm: string, plan: KillPlan): Promise<void> {
  if (plan.outcomes.every((outcome) => outcome.ok)) await requireVm(fleet, [vm]);
}

function missingRows(input: KillInput, plan: KillPlan): OutcomeRow[] {
  // Where nobody answered, nobody can say that a flow is not there.
  if (plan.outcomes.every((outcome) => !outcome.ok)) return [];
  const found = new Set(plan.flows.flatMap(endsOf).map((flow) => flow.id));
  return [...new Set(input.arguments)]
    .filter((id) => !found.has(id))
    .map((id) => ({ id, host: '-', outcome: 'not-found', detail: 'no host that answered has it' }));
}

function ask(plan: KillPlan, context: Context): Promise<boolean> {
  const list = renderTable(plan.flows, flowTable, {
    wide: false,
    headers: true,
    exact: false,
    now: Date.now(),
  });
  const count = plan.flows.length;
  const what = count === 1 ? 'this flow' : `these ${String(count)} flows`;
  return confirm(`${list}Kill ${what}?`, count, context);
}

/** Prints what became of each flow, and finds the exit code: hosts that failed count more than flows that did. */
async function conclude(
  input: KillInput,
  context: Context,
  outcomes: readonly HostOutcome<unknown>[],
  done: readonly OutcomeRow[],
  missing: readonly OutcomeRow[],
): Promise<ExitCode> {
  const rows = [...done, ...missing];
  const options = { format: input.output, exact: false, headers: true, now: Date.now() };
  const fields = ['id', 'host', 'outcome', 'detail'];
  await write(context.stdout, rows.length === 0 ? '' : renderRows(rows, outcomeTable, fields, options));
  await reportFailures(outcomes, context);
  for (const row of missing)
    await say(
      context.stderr,
      `vsockctl: flow ${row.id} was not found; list flows with: vsockctl flows\n`,
      context,
    );
  const code = exitCodeOf(outcomes);
  if (code !== ExitCode.done) return code;
  if (rows.some((row) => row.outcome === 'failed' || row.outcome === 'unknown')) return ExitCode.failed;
  if (rows.some((row) => row.outcome === 'not-found')) return ExitCode.notFound;
  return ExitCode.done;
}
