import { ExitCode } from '../../errors/exit-code.js';
import { hostRow, hostTable, unknownHost } from '../columns/host-table.js';
import { defineCommand } from './command.js';
import { listRows } from './list-rows.js';
import { fleetOptions, ListInput, listOptions } from './shared-options.js';

export const hostsCommand = defineCommand({
  name: 'hosts',
  summary: 'list hosts: reachable or why not, version, flows, rates',
  description: [
    'Lists the hosts, also those that cannot be reached, with the reason.',
    'Hosts are named as for ssh. vsockctl reads the SSH configuration as ssh does and always checks the host key against known_hosts; StrictHostKeyChecking does not weaken that. It logs in by key only. VSOCKCTL_SSH_CONFIG names another configuration file.',
  ],
  arguments: [],
  options: [...fleetOptions, ...listOptions],
  examples: [{ line: 'vsockctl hosts -o json', meaning: 'for a program' }],
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
      table: hostTable,
      fields: Object.keys(unknownHost('')),
      collect: async (fleet) => {
        const outcomes = await fleet.askAll((host, signal) => host.host(signal));
        return { rows: outcomes.map(hostRow), outcomes };
      },
    }),
});
