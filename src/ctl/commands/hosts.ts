import { hostRow, hostTable, unknownHost } from '../columns/host-table.js';
import { defineListCommand } from './define-list-command.js';

export const hostsCommand = defineListCommand({
  name: 'hosts',
  summary: 'list hosts: reachable or why not, version, flows, rates, RDMA',
  description: [
    'Lists the hosts, also those that cannot be reached, with the reason. RDMA is the number of RDMA devices, or why there is none.',
    'STATUS skew: its vsockd speaks another version of the API than this vsockctl. What both know is shown; what it does not tell is a dash.',
    'Hosts are named as for ssh. vsockctl reads the SSH configuration as ssh does and always checks the host key against known_hosts; StrictHostKeyChecking does not weaken that. It logs in by key only. VSOCKCTL_SSH_CONFIG names another configuration file.',
  ],
  table: hostTable,
  fields: Object.keys(unknownHost('')),
  collect: async (fleet) => {
    const outcomes = await fleet.askAll((host, signal) => host.host(signal));
    const now = new Date();
    const age = { answeredAt: now, now, isStale: false };
    return { rows: outcomes.map((outcome) => hostRow(outcome, age)), outcomes };
  },
  examples: [{ line: 'vsockctl hosts -o json', meaning: 'for a program' }],
});
