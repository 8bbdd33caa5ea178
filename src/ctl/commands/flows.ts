import { flowTable, type FlowRow } from '../columns/flow-table.js';
import { demandedValues } from '../../filter/demanded-values.js';
import { requireVm } from '../fleet/require-vm.js';
import { Connections } from '../model/connections.js';
import { defineListCommand, fromApi } from './define-list-command.js';

export const flowsCommand = defineListCommand<FlowRow>({
  ...fromApi('flows'),
  name: 'flows',
  summary: 'list connections, or flows: each a connection as one VM sees it',
  description: [
    'Lists the flows of all hosts, the busiest first. PATH says how a flow’s bytes travel now; REASON says why a flow that is on tcp is not on a fast path.',
    'A connection between two VMs is two flows, one for each of them. Tables show it as one row, as the VM sees it that connected, where both flows are known and match; with --ends each flow is a row. The other formats have each flow, with a connectionId that is the same for both.',
  ],
  table: flowTable,
  explainNothing: async (fleet, filter, only) => {
    const given = only.get('vm') ?? [];
    const names = given.length > 0 ? given : demandedValues(filter, 'vm');
    if (names !== null) await requireVm(fleet, names);
  },
  only: [{ field: 'vm', value: 'VM', summary: 'flows of this VM only; may be repeated', completes: 'vms' }],
  folding: {
    summary: 'each end of a connection in a row of its own',
    fold: (rows) => new Connections(rows).rows(rows),
    most: 2,
    alike: ['bytesPerSecond', 'bytes', 'establishedAt'],
  },
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
});
