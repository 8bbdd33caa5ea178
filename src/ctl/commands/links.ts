import { linkTable } from '../columns/link-table.js';
import { defineListCommand, fromApi } from './define-list-command.js';

export const linksCommand = defineListCommand({
  ...fromApi('links'),
  name: 'links',
  table: linkTable,
  summary: 'list links between hosts: up or why not, and what carries flows',
  description: [
    'Lists the links of each host to the others, as each of the two sees it. Flows between two hosts go by RDMA where both have it; where one has not, over the link itself if the operator allowed that (carryWithoutRdma in vsockd’s configuration), else they stay on tcp.',
  ],
  examples: [
    { line: 'vsockctl links', meaning: 'all links' },
    { line: "vsockctl links -f 'path!=rdma'", meaning: 'where flows do without RDMA, and why' },
  ],
});
