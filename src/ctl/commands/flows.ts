import { flowTable, type FlowRow } from '../columns/flow-table.js';
import { defineListCommand, fromApi } from './define-list-command.js';

export const flowsCommand = defineListCommand<FlowRow>({
  ...fromApi('flows'),
  name: 'flows',
  summary: 'list flows: one TCP connection each, as one VM sees it',
  description: [
    'Lists the flows of all hosts, the busiest first. PATH says how a flow’s bytes travel now; REASON says why a flow that is on tcp is not on a fast path.',
    'A flow between two VMs is listed once for each of them.',
  ],
  table: flowTable,
  only: [{ field: 'vm', value: 'VM', summary: 'flows of this VM only; may be repeated' }],
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
