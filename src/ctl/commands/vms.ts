import { Vm } from '../../api/vm.js';
import { ExitCode } from '../../errors/exit-code.js';
import { vmTable } from '../columns/vm-table.js';
import { defineCommand } from './command.js';
import { listRows } from './list-rows.js';
import { fleetOptions, ListInput, listOptions } from './shared-options.js';
import { answersOf } from './with-fleet.js';

export const vmsCommand = defineCommand({
  name: 'vms',
  summary: 'list VMs',
  description: [
    'Lists the VMs of all hosts, with their flows and rates. Totals cover all flows that a VM ever had.',
  ],
  arguments: [],
  options: [...fleetOptions, ...listOptions],
  examples: [
    { line: 'vsockctl vms', meaning: 'all VMs' },
    {
      line: 'vsockctl vms -f tenant=red --sort-by bytesPerSecond',
      meaning: 'one tenant’s, the busiest first',
    },
  ],
  exitCodes: [
    ExitCode.done,
    ExitCode.usage,
    ExitCode.someHostsFailed,
    ExitCode.authentication,
    ExitCode.unreachable,
  ],
  input: ListInput,
  handle: (input, context) =>
    listRows(input, context, {
      table: vmTable,
      fields: Object.keys(Vm.shape),
      collect: async (fleet) => {
        const outcomes = await fleet.askAll((host, signal) => host.vms(signal));
        return { rows: answersOf(outcomes), outcomes };
      },
    }),
});
