import { z } from 'zod';
import { flowReasons } from '../../api/flow.js';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import type { FlowRow } from '../columns/flow-table.js';
import { formatBytes, formatDuration, formatRate } from '../text/units.js';
import { defineCommand } from './command.js';
import { write } from './context.js';
import { fleetExitCodes, FleetInput, fleetOptions } from './shared-options.js';
import { exitCodeOf, reportFailures, withFleet } from './with-fleet.js';
import { answersOf } from '../fleet/fleet.js';

export const explainCommand = defineCommand({
  name: 'explain',
  summary: 'say in words what a flow is, which path it takes and why',
  description: ['Explains one flow: its ends, its path, and where it is on tcp, the reason.'],
  arguments: [
    { name: 'flow', arity: 'one', summary: 'id of a flow, as vsockctl flows lists it', completes: 'flows' },
  ],
  options: fleetOptions,
  examples: [{ line: 'vsockctl explain red1:5003', meaning: 'why is this flow not on shm?' }],
  exitCodes: [...fleetExitCodes, ExitCode.notFound],
  input: FleetInput.extend({ arguments: z.tuple([z.string()], 'expects one flow') }),
  handle: (input, context) =>
    withFleet(input, context, async (fleet) => {
      const [id] = input.arguments;
      const outcomes = await fleet.askAll((host, signal) => host.list('flows', {}, signal));
      const found = answersOf(outcomes).filter((flow) => flow.id === id);
      await write(context.stdout, found.map((flow) => explainFlow(flow, Date.now())).join('\n'));
      await reportFailures(outcomes, context);
      if (found.length > 0 || outcomes.some((outcome) => !outcome.ok)) return exitCodeOf(outcomes);
      throw new VsocketError(
        'flow-not-found',
        `no host has a flow ${id}`,
        'list flows with: vsockctl flows',
        ExitCode.notFound,
      );
    }),
});

/** The lines for one flow. `now` in milliseconds since 1970. */
export function explainFlow(flow: FlowRow, now: number): string {
  const mine = place(flow.localAddress, flow.localPort);
  const other = [flow.remoteVm && `VM ${flow.remoteVm}`, flow.remoteHost && `on host ${flow.remoteHost}`]
    .filter(Boolean)
    .join(' ');
  const theirs = `${place(flow.remoteAddress, flow.remotePort)}${other === '' ? '' : ` (${other})`}`;
  const who =
    flow.program === null
      ? 'a program that is not known'
      : `${flow.program}${flow.pid === null ? '' : `, process ${String(flow.pid)}`}`;
  const since = flow.establishedAt === null ? null : (now - Date.parse(flow.establishedAt)) / 1000;
  const age = since === null ? 'since when is not known' : `for ${formatDuration(since)}`;
  const lines = [
    `${flow.id} is a connection of VM ${orUnknown(flow.vm)} (tenant ${orUnknown(flow.tenant)}, VNI ${orUnknown(flow.vni)}) on host ${flow.host}.`,
    flow.direction === 'out'
      ? `The VM connected from ${mine} to ${theirs}.`
      : flow.direction === 'in'
        ? `The VM accepted it at ${mine} from ${theirs}.`
        : `It is between ${mine} in the VM and ${theirs}.`,
    `Program: ${who}. State: ${orUnknown(flow.state)}, ${age}.`,
    pathLine(flow),
    ruleLine(flow),
    `Sent ${moved(flow.txBytes, flow.txBytesPerSecond)}, received ${moved(flow.rxBytes, flow.rxBytesPerSecond)}.`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function ruleLine({ rule, direction, vm }: FlowRow): string {
  if (rule === null) return `Which rule of VM ${orUnknown(vm)} allows it is not known.`;
  const what = direction === 'out' ? 'go out' : 'come in';
  const by = rule === 'default' ? 'its tenant’s default' : `rule ${rule}`;
  return `VM ${orUnknown(vm)} lets it ${what} by ${by}.`;
}

function orUnknown(value: string | number | null): string {
  return value === null ? 'not known' : String(value);
}

function place(address: string | null, port: number | null): string {
  return `${orUnknown(address)} port ${orUnknown(port)}`;
}

function moved(bytes: number | null, perSecond: number | null): string {
  if (bytes === null) return 'what is not known';
  return `${formatBytes(bytes)}${perSecond === null ? '' : ` (now ${formatRate(perSecond)})`}`;
}

/** A reason in words, where this vsockctl knows it; a newer vsockd may have others. */
function reasonText(code: string): string {
  const known = (flowReasons as Record<string, string>)[code];
  return known === undefined ? code : `${known} (${code})`;
}

function pathLine(flow: FlowRow): string {
  if (flow.path === 'shm')
    return 'Path shm: its bytes go through shared memory and its host’s vsockd; the TCP connection stays open under it.';
  const stalled = flow.reason === null ? '' : ` Now they wait: ${reasonText(flow.reason)}.`;
  if (flow.path === 'rdma')
    return `Path rdma: its bytes go from ring to ring by the NICs of host ${flow.host} and ${flow.remoteHost ?? 'its peer'}${flow.queuePair === null ? '' : `, over queue pair ${String(flow.queuePair)}`}; the TCP connection stays open under it.${stalled}`;
  if (flow.path === 'link')
    return `Path link: its bytes go over the TLS link between host ${flow.host} and ${flow.remoteHost ?? 'its peer'}; the TCP connection stays open under it.${stalled}`;
  const why = flow.reason === null ? 'its host gives no reason' : reasonText(flow.reason);
  if (flow.path === 'tcp') return `Path tcp: its bytes go through the kernel’s TCP, because ${why}.`;
  return `Path ${orUnknown(flow.path)}: this vsockctl does not know it. Reason: ${why}.`;
}
