import { auditCommand } from './audit.js';
import type { Command } from './command.js';
import { completionCommand } from './completion.js';
import { explainCommand } from './explain.js';
import { flowsCommand } from './flows.js';
import { groupsCommand } from './groups.js';
import { hostsCommand } from './hosts.js';
import { linksCommand } from './links.js';
import { killCommand } from './kill.js';
import { rdmaCommands } from './rdma-lists.js';
import { rulesCommand } from './rules.js';
import { topCommand } from './top.js';
import { vmsCommand } from './vms.js';

/** In the order in which help lists them. */
export const allCommands: readonly Command[] = [
  topCommand,
  flowsCommand,
  vmsCommand,
  hostsCommand,
  linksCommand,
  ...rdmaCommands,
  rulesCommand,
  groupsCommand,
  auditCommand,
  killCommand,
  explainCommand,
  completionCommand,
];
