import { vmTable } from '../columns/vm-table.js';
import { defineListCommand, fromApi } from './define-list-command.js';

export const vmsCommand = defineListCommand({
  ...fromApi('vms'),
  name: 'vms',
  summary: 'list VMs',
  description: [
    'Lists the VMs of all hosts, with their flows and rates. Totals cover all flows that a VM ever had.',
  ],
  table: vmTable,
  examples: [
    { line: 'vsockctl vms', meaning: 'all VMs' },
    {
      line: 'vsockctl vms -f tenant=red --sort-by bytesPerSecond',
      meaning: 'one tenant’s, the busiest first',
    },
  ],
});
