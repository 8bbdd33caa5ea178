import { z } from 'zod';
import { Flow } from '../../api/flow.js';
import { ExitCode } from '../../errors/exit-code.js';
import { flowTable, type FlowRow } from '../columns/flow-table.js';
import { defineCommand } from './command.js';
import { listRows } from './list-rows.js';
import { fleetOptions, ListInput, listOptions } from './shared-options.js';
import { answersOf } from './with-fleet.js';

export const flowsCommand = defineCommand({
  name: 'flows',
  summary: 'list flows: one TCP connection each, as one VM sees it',
  description: [
    'Lists the flows of all hosts, the busiest first. PATH says how a flow’s bytes travel now; REASON says why a flow that is on tcp is not on a fast path.',
    'A flow between two VMs is listed once for each of them.',
  ],
  arguments: [],
  options: [
    { long: 'vm', value: 'VM', repeatable: true, summary: 'flows of this VM only; may be repeated' },
    ...fleetOptions,
    ...listOptions,
  ],
  examples: [
    { line: 'vsockctl flows --vm red1', meaning: 'flows of one VM' },
    {
      line: "vsockctl flows -f 'path=tcp reason!=short' -o wide",
      meaning: 'what is not accelerated, and why',
    },
    {
      line: 'vsockctl flows -o json --sort-by establishedAt --limit 10',
      meaning: 'the ten newest, for a program',
    },
  ],
  exitCodes: [
    ExitCode.done,
    ExitCode.usage,
    ExitCode.someHostsFailed,
    ExitCode.authentication,
    ExitCode.unreachable,
  ],
  input: ListInput.extend({ vm: z.array(z.string()).default([]) }),
  handle: (input, context) =>
    listRows<FlowRow>(input, context, {
      table: flowTable,
      fields: Object.keys(Flow.shape),
      collect: async (fleet) => {
        // One VM is filtered by its host, so that the others’ flows need not travel.
        const vm = input.vm.length === 1 ? input.vm[0] : undefined;
        const outcomes = await fleet.askAll((host, signal) => host.flows({ vm }, signal));
        const rows = answersOf(outcomes).filter((row) => input.vm.length === 0 || input.vm.includes(row.vm));
        return { rows, outcomes };
      },
    }),
});
