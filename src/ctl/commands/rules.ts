import { z } from 'zod';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { Rule, RuleSet } from '../../rules/rule-set.js';
import { revisionTable } from '../columns/revision-table.js';
import { ruleTable } from '../columns/rule-table.js';
import { confirmRules, planRollback, rollbackRules } from '../fleet/rule-changes.js';
import type { Fleet } from '../fleet/fleet.js';
import { defineCommand, type RawInput } from './command.js';
import { write, type Context } from './context.js';
import { defineListCommand, fromApi } from './define-list-command.js';
import {
  asYaml,
  confirmAndAct,
  editRules,
  parseWord,
  planAndShow,
  planOrChange,
  readRules,
  show,
  withOptions,
} from './rules-change.js';
import { changeOptions, RulesInput } from './rules-input.js';
import { testRules } from './rules-test.js';
import { fleetExitCodes, fleetOptions, listOptions } from './shared-options.js';
import { exitCodeOf, reportFailures, withFleet } from './with-fleet.js';

const rulesList = defineListCommand({
  ...fromApi('rules'),
  name: 'rules',
  table: ruleTable,
  summary: '',
  description: [],
  examples: [],
});

const revisionList = defineListCommand({
  ...fromApi('revisions'),
  name: 'rules',
  table: revisionTable,
  summary: '',
  description: [],
  examples: [],
});

type Action = (input: RulesInput, context: Context, fleet: Fleet, words: string[]) => Promise<ExitCode>;

const actions: Record<string, { words: [least: number, most: number]; act: Action }> = {
  list: { words: [0, 0], act: (input, context) => rulesList.run(asRaw(input), context) },
  history: { words: [0, 0], act: (input, context) => revisionList.run(asRaw(input), context) },
  show: { words: [1, 1], act: showRule },
  export: { words: [0, 0], act: exportRules },
  diff: {
    words: [0, 0],
    act: (input, context, fleet) => planAndShow(fleet, sameForAll(fleet, input), input, context),
  },
  apply: {
    words: [0, 0],
    act: (input, context, fleet) => planOrChange(fleet, sameForAll(fleet, input), input, context),
  },
  add: { words: [2, 2], act: addRule },
  delete: { words: [1, 1], act: deleteRule },
  rollback: { words: [0, 1], act: rollback },
  confirm: {
    words: [0, 0],
    act: async (input, context, fleet) => show(await confirmRules(fleet), input, context),
  },
  schema: { words: [0, 0], act: (_input, context) => printSchema(context) },
  test: { words: [0, 0], act: (input, context, fleet) => testRules(fleet, input, context) },
};

const actionNames = Object.keys(actions);

export const rulesCommand = defineCommand({
  name: 'rules',
  summary: 'security groups: list, change and test the rules that hosts enforce',
  description: [
    'list: rules with how often each decided. show RULE: one of them. history: the rule sets of each host. export: the set in force, as YAML. diff --file FILE: what a set would change, and which live flows it would end. apply --file FILE: takes it into force; with --dry-run it is diff.',
    'add TENANT/GROUP RULE adds a rule to a group, the rule in braces as in a file; delete TENANT/RULE takes one away. Both change what each host has.',
    'A change is one transaction on each host. Where it ends live flows, it lists them and asks first; both programs then see a reset, on whatever path. A host that fails keeps its old rules, and the exit code tells. With --confirm 5m a change is taken back after that time, unless confirm comes before. rollback [REVISION] goes back to the set before, or to that one of the history, and asks likewise.',
    'test --from VM --to VM|ADDRESS --protocol tcp --port N asks both hosts what their rules say; exit code 0: it is allowed, 7: it is denied.',
    'schema prints the form of a rule set as JSON Schema; docs/security-groups.md explains it. Every change is in the audit log of its host, with what was before and after.',
  ],
  arguments: [
    { name: 'action', arity: 'one', choices: actionNames, summary: 'what to do' },
    { name: 'word', arity: 'many', summary: 'what the action is about' },
  ],
  options: [
    { long: 'file', short: 'f', value: 'FILE', summary: 'a rule set in YAML or JSON; - is stdin' },
    ...changeOptions,
    { long: 'from', value: 'VM', summary: 'test: who connects', completes: 'vms' },
    { long: 'to', value: 'VM', summary: 'test: to whom; a VM or an address', completes: 'vms' },
    {
      long: 'protocol',
      value: 'PROTOCOL',
      summary: 'test: tcp (by default), udp, icmp, icmpv6 or a number',
      suggestions: ['tcp', 'udp', 'icmp', 'icmpv6'],
    },
    { long: 'port', value: 'NUMBER', summary: 'test: destination port' },
    { long: 'type', value: 'NUMBER', summary: 'test: type of ICMP' },
    ...fleetOptions,
    ...listOptions(ruleTable).map((option) =>
      option.long === 'filter'
        ? { ...option, short: undefined, summary: 'list: rules that match only, such as tenant=red' }
        : option,
    ),
  ],
  examples: [
    { line: 'vsockctl rules list', meaning: 'all rules, with their hits' },
    {
      line: 'vsockctl rules apply -f rules.yaml --dry-run',
      meaning: 'what would change, and which flows would end',
    },
    {
      line: 'vsockctl rules apply -f rules.yaml --confirm 5m',
      meaning: 'change, and take it back unless confirmed',
    },
    {
      line: "vsockctl rules add red/web '{id: ssh, direction: ingress, protocol: tcp, ports: [22]}'",
      meaning: 'one rule more',
    },
    { line: 'vsockctl rules test --from red1 --to red3 --port 80', meaning: 'may red1 connect there?' },
  ],
  exitCodes: [...fleetExitCodes, ExitCode.failed, ExitCode.notFound, ExitCode.refused],
  input: RulesInput,
  handle: async (input, context) => {
    const [name = '', ...words] = input.arguments;
    const {
      words: [least, most],
      act,
    } = actions[name]!;
    if (words.length < least || words.length > most)
      throw new VsocketError(
        'usage',
        `rules ${name} takes ${least === most ? least : `${least} to ${most}`} words, not ${words.length}`,
        'see vsockctl rules --help',
        ExitCode.usage,
      );
    if (name === 'schema') return printSchema(context);
    return withFleet(input, context, (fleet) => act(input, context, fleet, words));
  },
});

/** For a command that reads words itself. */
function asRaw(input: RulesInput): RawInput {
  const { timeout, delay, limit, ...words } = input;
  return {
    ...words,
    arguments: [],
    timeout: String(timeout),
    delay: String(delay),
    ...(limit === undefined ? {} : { limit: String(limit) }),
  };
}

function sameForAll(fleet: Fleet, input: RulesInput): Map<string, ReturnType<typeof withOptions>> {
  const rules = withOptions(readRules(input), input);
  return new Map(fleet.names.map((host) => [host, rules]));
}

function addRule(
  input: RulesInput,
  context: Context,
  fleet: Fleet,
  [place, text]: string[],
): Promise<ExitCode> {
  const [tenant = '', group = ''] = place!.split('/');
  const parsed = Rule.safeParse(parseWord(text!));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new VsocketError(
      'bad-rules',
      `the rule: ${issue.path.join('.')}: ${issue.message}`,
      '',
      ExitCode.usage,
    );
  }
  return editRules(fleet, input, context, (own) => {
    const found = own.tenants[tenant]?.groups[group];
    if (found === undefined)
      throw new VsocketError(
        'no-such-group',
        `there is no group ${place}`,
        'make it with a file: vsockctl rules export, apply',
        ExitCode.notFound,
      );
    return withGroup(own, tenant, group, { ...found, rules: [...found.rules, parsed.data] });
  });
}

function deleteRule(input: RulesInput, context: Context, fleet: Fleet, [name]: string[]): Promise<ExitCode> {
  const [tenant = '', id = ''] = name!.split('/');
  return editRules(fleet, input, context, (own) => {
    const groups = Object.entries(own.tenants[tenant]?.groups ?? {});
    const found = groups.find(([, { rules }]) => rules.some((rule) => rule.id === id));
    if (found === undefined) throw noSuchRule(name!);
    const [group, before] = found;
    return withGroup(own, tenant, group, { ...before, rules: before.rules.filter((rule) => rule.id !== id) });
  });
}

function withGroup(
  own: RuleSet,
  tenant: string,
  group: string,
  changed: RuleSet['tenants'][string]['groups'][string],
): RuleSet {
  const before = own.tenants[tenant]!;
  const groups = { ...before.groups, [group]: changed };
  return { ...own, tenants: { ...own.tenants, [tenant]: { ...before, groups } } };
}

async function exportRules(_input: RulesInput, context: Context, fleet: Fleet): Promise<ExitCode> {
  const outcomes = await fleet.askAll((host, signal) => host.rulesInForce(signal));
  const texts = new Map<string, string[]>();
  for (const outcome of outcomes) {
    if (!outcome.ok) continue;
    const text = asYaml(outcome.answer.ruleSet);
    texts.set(text, [...(texts.get(text) ?? []), `${outcome.host} revision ${outcome.answer.revision}`]);
  }
  if (texts.size > 1)
    throw new VsocketError(
      'different-rules',
      'the hosts have different rules',
      'choose one with --host',
      ExitCode.refused,
    );
  for (const [text, hosts] of texts) await write(context.stdout, `# ${hosts.join(', ')}\n${text}`);
  await reportFailures(outcomes, context);
  return exitCodeOf(outcomes);
}

async function showRule(
  _input: RulesInput,
  context: Context,
  fleet: Fleet,
  [name]: string[],
): Promise<ExitCode> {
  const outcomes = await fleet.askAll((host, signal) => host.list('rules', {}, signal));
  const rows = outcomes.flatMap((outcome) =>
    outcome.ok ? outcome.answer.filter(({ id }) => id === name) : [],
  );
  await reportFailures(outcomes, context);
  if (rows.length === 0 && outcomes.every(({ ok }) => ok)) throw noSuchRule(name!);
  for (const row of rows) await write(context.stdout, asYaml({ [`${row.host}/${row.id}`]: row }));
  return exitCodeOf(outcomes);
}

async function rollback(
  input: RulesInput,
  context: Context,
  fleet: Fleet,
  [word]: string[],
): Promise<ExitCode> {
  if (word !== undefined && !/^\d{1,9}$/.test(word))
    throw new VsocketError('usage', `${word} is no revision`, 'see vsockctl rules history', ExitCode.usage);
  if (input.confirm !== undefined)
    throw new VsocketError(
      'usage',
      'rollback takes no --confirm',
      'apply an exported set instead',
      ExitCode.usage,
    );
  const revision = word === undefined ? null : Number(word);
  const plans = await planRollback(fleet, { revision });
  if (input.dryRun) return show(plans, input, context);
  return confirmAndAct(plans, input, context, (possible) =>
    rollbackRules(
      fleet,
      // What was planned, or nothing: the rules may have changed while the user thought about it.
      new Map(possible.map(({ host, answer }) => [host, { revision, ifRevision: answer.revision }])),
    ),
  );
}

/** The form of a rule set, for editors and for whoever makes one by program. */
async function printSchema(context: Context): Promise<ExitCode> {
  const schema = z.toJSONSchema(RuleSet, { io: 'input' });
  await write(context.stdout, `${JSON.stringify(schema, null, 2)}\n`);
  return ExitCode.done;
}

function noSuchRule(name: string): VsocketError {
  return new VsocketError(
    'no-such-rule',
    `no host has a rule ${name}`,
    'list them with: vsockctl rules list',
    ExitCode.notFound,
  );
}
