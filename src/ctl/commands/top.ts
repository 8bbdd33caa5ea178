import { joinFilters } from '../../filter/join-filters.js';
import { z } from 'zod';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { flowTable } from '../columns/flow-table.js';
import { parseSortOrder } from '../columns/compare-rows.js';
import { vocabularyOf } from '../columns/vocabulary.js';
import { compileFilter } from '../../filter/compile-filter.js';
import { canMoveCursor } from '../text/terminal-kind.js';
import { chooseHosts } from '../fleet/host-names.js';
import { defineCommand } from './command.js';
import type { Context } from './context.js';
import { printFrames } from './print-frames.js';
import {
  filterBeginnings,
  fleetExitCodes,
  FleetInput,
  fleetOptions,
  secondsOption,
  sortKeys,
} from './shared-options.js';
import { withFleet } from './with-fleet.js';

const formats = ['table', 'json', 'jsonl'] as const;

const TopInput = FleetInput.extend({
  delay: secondsOption(0.2).default(2),
  iterations: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'expects a whole number above 0')
    .transform(Number)
    .optional(),
  output: z.enum(formats).optional(),
  filter: z.array(z.string()).default([]),
  sortBy: z.string().default(flowTable.defaultSort),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'expects a whole number above 0')
    .transform(Number)
    .optional(),
  readonly: z.boolean().default(false),
  ascii: z.boolean().default(false),
});
export type TopInput = z.infer<typeof TopInput>;

export const topCommand = defineCommand({
  name: 'top',
  summary: 'watch hosts, VMs, flows and RDMA devices live, and kill flows',
  description: [
    'Shows hosts, VMs, flows, RDMA devices with their queue pairs and counters, and rules, with rates, refreshed every few seconds. Press ? for the keys.',
    'Where so many hosts at the wanted pace would take more than a third of a core, they are asked less often; the last line says how often.',
    'Without a terminal, or with --iterations or --output, it prints frames instead: as tables, or with -o json one JSON object a line, {at, hosts, vms, flows, devices, qps, counters, rules, errors}.',
    'Sizes and rates are in powers of 1024 (KiB, MiB). NO_COLOR turns colours off.',
  ],
  arguments: [],
  options: [
    { long: 'delay', short: 'd', value: 'SECONDS', summary: 'between two rounds; 2 by default' },
    { long: 'iterations', value: 'NUMBER', summary: 'print that many frames, then end' },
    { long: 'output', short: 'o', value: 'FORMAT', choices: formats, summary: 'print frames in this form' },
    {
      long: 'filter',
      short: 'f',
      value: 'FILTER',
      repeatable: true,
      summary: 'flows that match only; see vsockctl help filters',
      suggestions: filterBeginnings(flowTable),
    },
    {
      long: 'sort-by',
      value: 'KEY',
      summary: 'order of the flows; -KEY for the reverse; bytesPerSecond by default',
      suggestions: sortKeys(flowTable),
    },
    { long: 'limit', value: 'NUMBER', summary: 'that many flows a printed frame at most' },
    { long: 'readonly', summary: 'no kills' },
    { long: 'ascii', summary: 'plain ASCII only, as where the locale is not UTF-8' },
    ...fleetOptions,
  ],
  examples: [
    { line: 'vsockctl top', meaning: 'the terminal UI' },
    { line: 'vsockctl top --iterations 3 -o json', meaning: 'three frames as JSON Lines' },
  ],
  exitCodes: [...fleetExitCodes, ExitCode.interrupted],
  input: TopInput,
  handle: (input, context) => {
    compileFilter(joinFilters(input.filter), vocabularyOf(flowTable));
    parseSortOrder(input.sortBy, flowTable);
    chooseHosts(input.host, context.environment);
    return withFleet(input, context, async (fleet) => {
      if (!wantsUi(input, context)) return printFrames(fleet, input, context);
      // Ink is imported only where there is a terminal: it decides what it is when it is loaded.
      const { runUi } = await import('../ui/run-ui.js');
      return runUi(fleet, input, context);
    });
  },
});

function wantsUi(input: TopInput, context: Context): boolean {
  if (input.iterations !== undefined || input.output !== undefined || !context.stdout.isTTY) return false;
  if (!canMoveCursor(context.environment)) {
    const message = 'top needs a terminal whose cursor can be moved, TERM is not that of one';
    throw new VsocketError('no-terminal', message, 'say --iterations for plain output', ExitCode.usage);
  }
  if (context.stdin.isTTY) return true;
  throw new VsocketError(
    'no-terminal',
    'top cannot read keys: standard input is no terminal',
    'say --iterations for plain output',
    ExitCode.usage,
  );
}
