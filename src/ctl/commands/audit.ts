import { auditTable } from '../columns/audit-table.js';
import { defineListCommand, fromApi } from './define-list-command.js';

export const auditCommand = defineListCommand({
  ...fromApi('audit'),
  name: 'audit',
  table: auditTable,
  summary: 'list who changed what on which hosts',
  description: [
    'Lists the changes in the audit logs of the hosts: flows that were killed and rules that were changed, by whom, from where, and what became of it. The user is the one that the kernel names, not what a client says of itself. The file on the host (auditLog in vsockd’s configuration) has every change in full.',
  ],
  examples: [
    { line: "vsockctl audit -f 'command=rules* age<1h'", meaning: 'rules that changed in the last hour' },
    { line: 'vsockctl audit -f user=alice -o json', meaning: 'all that alice did' },
  ],
});
