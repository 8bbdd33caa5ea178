import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { checkedRuleSet } from '../../rules/parse-rule-set.js';
import type { RuleSet, Tenant } from '../../rules/rule-set.js';
import { groupTable, type GroupRow } from '../columns/group-table.js';
import type { Fleet } from '../fleet/fleet.js';
import { renderRows } from '../output/render-rows.js';
import { defineCommand } from './command.js';
import { write, type Context } from './context.js';
import { editRules } from './rules-change.js';
import { changeOptions, RulesInput } from './rules-input.js';
import { fleetExitCodes, fleetOptions, listOptions } from './shared-options.js';
import { exitCodeOf, reportFailures, withFleet } from './with-fleet.js';

/** What an action makes of a tenant. */
type Edit = (tenant: Tenant, group: string, vm: string) => Tenant;

/** Words after the action, and what is done. */
const edits: Record<string, { words: number; edit: Edit }> = {
  add: { words: 1, edit: addGroup },
  delete: { words: 1, edit: deleteGroup },
  attach: { words: 2, edit: attach },
  detach: { words: 2, edit: detach },
};

const actionNames = ['list', ...Object.keys(edits)];

export const groupsCommand = defineCommand({
  name: 'groups',
  summary: 'security groups: list them, and say which VMs are in them',
  description: [
    'list: groups with their mode, rules and VMs. add TENANT/GROUP makes an empty group, delete takes one away that has no VMs and that no rule names. attach TENANT/GROUP VM puts a VM into it, detach takes it out.',
    'Each changes the rules of every host as vsockctl rules apply does: --dry-run lists the live flows that would end, and where some would, you are asked. A tenant that had no rules keeps letting everything through, until its defaults are changed.',
  ],
  arguments: [
    { name: 'action', arity: 'one', choices: actionNames, summary: 'what to do' },
    { name: 'word', arity: 'many', summary: 'TENANT/GROUP, and for attach and detach a VM' },
  ],
  options: [
    ...changeOptions,
    ...fleetOptions,
    ...listOptions(groupTable).filter(({ long }) => ['output', 'no-headers'].includes(long)),
  ],
  examples: [
    { line: 'vsockctl groups list', meaning: 'all groups' },
    { line: 'vsockctl groups attach red/web red1', meaning: 'the rules of red/web are for red1 too' },
    { line: 'vsockctl groups detach red/web red1 --dry-run', meaning: 'which live flows would end' },
  ],
  exitCodes: [...fleetExitCodes, ExitCode.failed, ExitCode.notFound, ExitCode.refused],
  input: RulesInput,
  handle: async (input, context) => {
    const [action = '', ...words] = input.arguments;
    const known = edits[action] ?? null;
    const count = known?.words ?? 0;
    if (words.length !== count)
      throw new VsocketError(
        'usage',
        `groups ${action} takes ${count} words, not ${words.length}`,
        'see vsockctl groups --help',
        ExitCode.usage,
      );
    return withFleet(input, context, (fleet) =>
      known === null
        ? listGroups(fleet, input, context)
        : editRules(fleet, input, context, (own) => edited(own, words, known.edit)),
    );
  },
});

async function listGroups(fleet: Fleet, input: RulesInput, context: Context): Promise<ExitCode> {
  const outcomes = await fleet.askAll((host, signal) => host.rulesInForce(signal));
  const rows = outcomes.flatMap((outcome) =>
    outcome.ok ? groupsOf(outcome.host, checkedRuleSet(outcome.answer.ruleSet)) : [],
  );
  const options = { format: input.output, exact: false, headers: !input.noHeaders, now: Date.now() };
  const fields = ['host', 'id', 'mode', 'rules', 'vms', 'description'];
  await write(context.stdout, renderRows(rows, groupTable, fields, options));
  await reportFailures(outcomes, context);
  return exitCodeOf(outcomes);
}

function groupsOf(host: string, { tenants }: RuleSet): GroupRow[] {
  return Object.entries(tenants).flatMap(([tenant, { groups, vms }]) =>
    Object.entries(groups).map(([group, { mode, rules, description = '' }]) => ({
      host,
      id: `${tenant}/${group}`,
      mode,
      rules: rules.length,
      vms: Object.keys(vms)
        .filter((vm) => vms[vm]!.includes(group))
        .sort(),
      description,
    })),
  );
}

/** A tenant without rules lets everything through, and goes on doing so. */
const newTenant: Tenant = { defaults: { ingress: 'allow', egress: 'allow' }, groups: {}, vms: {} };

function edited(own: RuleSet, [place = '', vm = '']: string[], edit: Edit): RuleSet {
  const [tenant = '', group = '', ...rest] = place.split('/');
  if (tenant === '' || group === '' || rest.length > 0)
    throw new VsocketError('usage', `${place} is no TENANT/GROUP`, '', ExitCode.usage);
  const before = Object.hasOwn(own.tenants, tenant) ? own.tenants[tenant]! : newTenant;
  return { ...own, tenants: { ...own.tenants, [tenant]: edit(before, group, vm) } };
}

function addGroup(tenant: Tenant, group: string): Tenant {
  if (Object.hasOwn(tenant.groups, group)) throw refused(`there is a group ${group} already`);
  return { ...tenant, groups: { ...tenant.groups, [group]: { mode: 'enforce', rules: [] } } };
}

function deleteGroup(tenant: Tenant, group: string): Tenant {
  requireGroup(tenant, group);
  const member = Object.keys(tenant.vms).find((vm) => tenant.vms[vm]!.includes(group));
  if (member !== undefined) throw refused(`${member} is in group ${group}`, 'detach it first');
  const groups = Object.fromEntries(Object.entries(tenant.groups).filter(([name]) => name !== group));
  return { ...tenant, groups };
}

function attach(tenant: Tenant, group: string, vm: string): Tenant {
  requireGroup(tenant, group);
  const groups = Object.hasOwn(tenant.vms, vm) ? tenant.vms[vm]! : [];
  return groups.includes(group) ? tenant : { ...tenant, vms: { ...tenant.vms, [vm]: [...groups, group] } };
}

function detach(tenant: Tenant, group: string, vm: string): Tenant {
  requireGroup(tenant, group);
  const groups = Object.hasOwn(tenant.vms, vm) ? tenant.vms[vm]! : [];
  if (!groups.includes(group)) throw notThere(`${vm} is not in group ${group}`);
  return { ...tenant, vms: { ...tenant.vms, [vm]: groups.filter((name) => name !== group) } };
}

function requireGroup(tenant: Tenant, group: string): void {
  if (!Object.hasOwn(tenant.groups, group)) throw notThere(`there is no group ${group}`);
}

function notThere(message: string): VsocketError {
  return new VsocketError('no-such-group', message, 'see vsockctl groups list', ExitCode.notFound);
}

function refused(message: string, remedy = ''): VsocketError {
  return new VsocketError('refused', message, remedy, ExitCode.refused);
}
