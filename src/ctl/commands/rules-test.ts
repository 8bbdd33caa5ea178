import ipaddr from 'ipaddr.js';
import type { RulesTest, RulesVerdict } from '../../api/rules-change.js';
import type { Seen } from '../../api/seen.js';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { protocolNumbers } from '../../rules/rule-set.js';
import { verdictTable } from '../columns/verdict-table.js';
import type { Fleet, HostOutcome } from '../fleet/fleet.js';
import { answersOf } from '../fleet/fleet.js';
import { renderRows } from '../output/render-rows.js';
import { write, type Context } from './context.js';
import type { RulesInput } from './rules-input.js';
import { exitCodeOf, reportFailures } from './with-fleet.js';

interface Place {
  name: string;
  host: string;
  addresses: readonly string[];
}

/** Asks the hosts of both ends what their rules say. Exit code 7: one of them denies it. */
export async function testRules(fleet: Fleet, input: RulesInput, context: Context): Promise<ExitCode> {
  const { from, to } = input;
  if (from === undefined || to === undefined)
    throw new VsocketError(
      'usage',
      'from where to where?',
      'say --from VM --to VM or ADDRESS',
      ExitCode.usage,
    );
  const known = await fleet.askAll((host, signal) => host.list('vms', {}, signal));
  const vms = answersOf(known).map((vm): Place => ({
    name: vm.name,
    host: vm.host,
    addresses: vm.addresses ?? [],
  }));
  const isVm = (name: string): boolean => vms.some((vm) => vm.name === name);
  if (!isVm(from) && !ipaddr.isValid(from)) await fail(known, from, context);
  if (!isVm(to) && !ipaddr.isValid(to)) await fail(known, to, context);
  const source = vms.filter(({ name }) => name === from);
  const target = vms.filter(({ name }) => name === to);
  const [sourceAddress, targetAddress] = addressPair(
    isVm(from) ? source.flatMap(({ addresses }) => addresses) : [from],
    isVm(to) ? target.flatMap(({ addresses }) => addresses) : [to],
  );
  const attempt = attemptOf(input);
  const asked = [
    ...source.map((vm) => ({ vm, direction: 'egress' as const, remoteAddress: targetAddress })),
    ...target.map((vm) => ({ vm, direction: 'ingress' as const, remoteAddress: sourceAddress })),
  ];
  const outcomes: HostOutcome<Seen<RulesVerdict>>[] = [];
  for (const { vm, direction, remoteAddress } of asked) {
    const test: RulesTest = { ...attempt, vm: vm.name, direction, remoteAddress };
    outcomes.push(await fleet.askOne(vm.host, (client, signal) => client.testRules(test, signal)));
  }
  const rows = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.answer] : []));
  const options = { format: input.output, exact: false, headers: !input.noHeaders, now: Date.now() };
  const fields = ['host', 'vm', 'direction', 'action', 'rule', 'group', 'auditAction', 'auditRule'];
  await write(context.stdout, renderRows(rows, verdictTable, fields, options));
  await reportFailures([...known, ...outcomes], context);
  if (rows.some(({ action }) => action !== 'allow')) return ExitCode.refused;
  return exitCodeOf([...known, ...outcomes]);
}

async function fail(known: readonly HostOutcome<unknown>[], name: string, context: Context): Promise<never> {
  await reportFailures(known, context);
  throw new VsocketError(
    'vm-not-found',
    `${name} is no VM of the hosts that answered, and no address`,
    'list VMs with: vsockctl vms',
    ExitCode.notFound,
  );
}

/** Addresses of both ends in one family. */
function addressPair(from: readonly string[], to: readonly string[]): [string, string] {
  for (const one of from)
    for (const other of to) if (one.includes(':') === other.includes(':')) return [one, other];
  throw new VsocketError('no-address', 'the two ends have no addresses of one family', '', ExitCode.usage);
}

function attemptOf({ protocol, port, type }: RulesInput): Pick<RulesTest, 'protocol' | 'port' | 'type'> {
  const number = Object.hasOwn(protocolNumbers, protocol)
    ? protocolNumbers[protocol as keyof typeof protocolNumbers]
    : /^\d{1,3}$/.test(protocol) && Number(protocol) <= 255
      ? Number(protocol)
      : null;
  if (number === null)
    throw new VsocketError(
      'usage',
      `--protocol ${protocol}: expects tcp, udp, icmp, icmpv6 or a number`,
      '',
      ExitCode.usage,
    );
  const hasPorts = number === protocolNumbers.tcp || number === protocolNumbers.udp;
  if (hasPorts && port === undefined)
    throw new VsocketError('usage', `which port of ${protocol}?`, 'say --port NUMBER', ExitCode.usage);
  return {
    protocol: number,
    ...(hasPorts && port !== undefined ? { port } : {}),
    ...(type === undefined ? {} : { type }),
  };
}
