import type { Command } from './command.js';

const rdma = (name: string) => async (): Promise<Command> =>
  (await import('./rdma-lists.js')).rdmaCommands.find((command) => command.name === name)!;

/** Where each command is. A command’s modules take longer to load than many a host to answer. */
const places: Readonly<Record<string, () => Promise<Command>>> = {
  top: async () => (await import('./top.js')).topCommand,
  flows: async () => (await import('./flows.js')).flowsCommand,
  vms: async () => (await import('./vms.js')).vmsCommand,
  hosts: async () => (await import('./hosts.js')).hostsCommand,
  links: async () => (await import('./links.js')).linksCommand,
  rules: async () => (await import('./rules.js')).rulesCommand,
  groups: async () => (await import('./groups.js')).groupsCommand,
  audit: async () => (await import('./audit.js')).auditCommand,
  kill: async () => (await import('./kill.js')).killCommand,
  ...Object.fromEntries(
    ['devices', 'qps', 'cqs', 'mrs', 'pds', 'cmids', 'counters'].map((name) => [name, rdma(name)]),
  ),
  __complete: async () => (await import('./complete.js')).completeCommand,
  explain: async () => (await import('./explain.js')).explainCommand,
};

/** The commands that a command line needs: the one that it asks for, none for the version alone, else all. */
export async function commandsFor(words: readonly string[]): Promise<readonly Command[]> {
  const [first = ''] = words;
  if (first === '--version' || first === '-V') return [];
  const load = Object.hasOwn(places, first) ? places[first] : undefined;
  return load === undefined ? (await import('./all-commands.js')).allCommands : [await load()];
}
