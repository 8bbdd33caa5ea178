import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { HostConfig } from '../config/host-config.js';
import { reasonOf } from '../errors/reason-of.js';
import { VsocketError } from '../errors/vsocket-error.js';
import { FileDirectory } from '../directory/file-directory.js';
import { verbsInventory } from '../rdma/verbs-inventory.js';
import { AuditLog } from './audit/audit-log.js';
import { readAudit } from './audit/read-audit.js';
import { CurrentLedger } from './data-plane/current-ledger.js';
import { DataPlaneProcess } from './data-plane/data-plane-process.js';
import { HostOnlyFlows } from './flows/host-only-flows.js';
import { FlowTable } from './flows/flow-table.js';
import { FlowWatch } from './flows/flow-watch.js';
import { describeHost } from './flows/describe-host.js';
import { VmDirectory } from './flows/vm-directory.js';
import { auditedKill } from './kill/audited-kill.js';
import { FlowKiller } from './kill/flow-killer.js';
import { hostOnlyFlows, matchingFlows } from './kill/kill-request.js';
import { ResetSender } from './kill/reset-sender.js';
import type { Log } from './log.js';
import { LinkLists } from './links/link-lists.js';
import { RdmaLists } from './rdma/rdma-lists.js';
import type { Connection } from './observer/connection.js';
import { HostObserver } from './observer/host-observer.js';
import { FlowRules } from './rules/flow-rules.js';
import { KernelLiveEnds } from './rules/live-ends.js';
import { KernelRules } from './rules/kernel-rules.js';
import { liveEndsOfConnections, openConnections } from './rules/open-connections.js';
import { RevisionStore } from './rules/revision-store.js';
import { RulesApi } from './rules/rules-api.js';
import { ruleRoutes } from './rules/rule-routes.js';
import { RuleKeeper } from './rules/rule-keeper.js';
import { apiServer } from './server/api-server.js';
import { apiRoutes, type Backend } from './server/routes.js';
import { SocketKeeper } from './server/socket-keeper.js';
import { UnixListener } from './server/unix-listener.js';

/** A running vsockd. */
export interface Vsockd {
  stop(): Promise<void>;
}

/** @throws VsocketError */
function makeRuntimeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const remedy = 'run vsockd as root, or name another one as runtimeDirectory';
    throw new VsocketError(
      'no-runtime-directory',
      `the runtime directory ${path} cannot be made: ${reasonOf(error)}`,
      remedy,
    );
  }
}

/**
 * Starts everything.
 * @throws VsocketError when another vsockd serves the sockets, or the runtime directory cannot be used
 */
export async function startVsockd(config: HostConfig, log: Log): Promise<Vsockd> {
  makeRuntimeDirectory(config.runtimeDirectory);
  // The data plane logs what is wrong with it when it changes.
  const fleet = config.link === undefined ? null : new FileDirectory(config.link.directory, () => undefined);
  const directory = new VmDirectory(config.vms, fleet);
  const observer = new HostObserver(config.vms, join(config.runtimeDirectory, 'tcp-totals.json'), log);
  const ledger = new CurrentLedger(config);
  const dataPlane = new DataPlaneProcess(config, () => ruleKeeper.rules.state, log);
  const hostOnly = new HostOnlyFlows(
    config.host,
    directory,
    async () => (kernelRules.problem === null ? live.answered(vmNames) : []),
    (end) => flowRules.ofEnd(end),
  );
  const table = new FlowTable(
    config,
    directory,
    observer,
    () => ledger.reader,
    (vm) => dataPlane.problemOf(vm) ?? observer.problemOf(vm),
    (vm, connection) => flowRules.of(vm, connection),
    hostOnly,
  );
  const resets = new ResetSender(config, directory, log);
  await resets.clear();
  const audit = new AuditLog(config.auditLog);
  const startedAt = new Date();

  const watch = new FlowWatch(table, observer, log);
  const isOpen = ({ vm, socket }: Connection): boolean => observer.named(vm)?.diagnosis.has(socket) ?? false;
  const killer = new FlowKiller({
    resetFastPaths: (sockets) => dataPlane.reset(sockets),
    resetConnections: async (targets, whenFrozen) => {
      await resets.send(targets, whenFrozen);
      // The resets pass no bridge, so the kernel still takes the connections for open.
      if (kernelRules.problem === null) await live.forget(liveEndsOfConnections(targets, directory));
    },
    isOpen,
    diagnosis: (vm) => observer.named(vm)?.diagnosis,
  });
  const live = new KernelLiveEnds();
  const vmNames = config.vms.map(({ name }) => name);
  const kernelRules: KernelRules = new KernelRules(config, log, () => openConnections(watch, vmNames));
  const store = new RevisionStore(config.rulesDirectory);
  const ruleKeeper: RuleKeeper = new RuleKeeper({
    config,
    fleet,
    store,
    kernel: kernelRules,
    live,
    watch,
    log,
    dataPlane,
    reset: async (flows) => void (await killer.kill(flows)),
  });
  const flowRules = new FlowRules(() => ruleKeeper.rules);
  const rules = new RulesApi(config, ruleKeeper, kernelRules, store, watch);
  const links = new LinkLists(config.host, () => ledger.reader);
  const usesSoftware = config.link?.rdma.software === true;
  const rdma = new RdmaLists(config.host, verbsInventory, () => links.ownQueuePairs(), usesSoftware);
  const backend: Backend = {
    host: async () => describeHost(config, startedAt, await watch.snapshot(), await rdma.summary()),
    lists: {
      vms: async () => (await watch.snapshot()).vms,
      flows: async () => (await watch.snapshot()).flows(),
      links: async () => links.links(),
      devices: () => rdma.devices(),
      qps: () => rdma.queuePairs(),
      cqs: () => rdma.completionQueues(),
      mrs: () => rdma.memoryRegions(),
      pds: () => rdma.protectionDomains(),
      cmids: () => rdma.cmIds(),
      counters: () => rdma.counters(),
      rules: () => rules.rules(),
      revisions: async () => rules.revisions(),
      audit: () => readAudit(config.auditLog, config.host),
    },
    matching: async (request) => {
      const flows = await matchingFlows(request, watch, directory, isOpen);
      return [...flows.map(({ flow }) => flow), ...(await hostOnlyFlows(request, watch))];
    },
    kill: async (request, change, requester) => {
      const flows = await matchingFlows(request, watch, directory, isOpen);
      const hostOnly = await hostOnlyFlows(request, watch);
      return auditedKill(request, flows, hostOnly, change, requester, killer, audit);
    },
  };

  const routes = apiRoutes(backend, ruleRoutes(rules, ruleKeeper, audit));
  const sockets = [
    { path: join(config.runtimeDirectory, 'read.sock'), mode: 0o660, right: 'read' },
    { path: join(config.runtimeDirectory, 'admin.sock'), mode: 0o600, right: 'change' },
  ] as const;
  const servers = sockets.map(({ right }) => apiServer(routes, right, log));
  const listeners = sockets.map(({ path, mode }, index) => new UnixListener(servers[index]!, path, mode));
  const keeper = new SocketKeeper(listeners, log);
  const stop = async (): Promise<void> => {
    await keeper.stop();
    await Promise.all(servers.map((server) => server.close()));
    await ruleKeeper.stop();
    await watch.stop();
    await dataPlane.stop();
    observer.settleClosed();
    observer.save();
    observer.close();
    ledger.close();
    fleet?.close();
  };
  try {
    for (const listener of listeners) await listener.open();
    // Not before it is sure that no other vsockd is here, with rules of its own.
    await ruleKeeper.begin();
  } catch (error) {
    await stop();
    throw error;
  }
  dataPlane.on('ready', () => {
    if (ledger.reader === null) ledger.open();
    log.info('the data plane is ready');
  });
  dataPlane.start();
  keeper.start();
  log.info({ host: config.host, vms: config.vms.length }, 'vsockd serves');
  return {
    stop: async () => {
      await stop();
      for (const listener of listeners) listener.remove();
    },
  };
}
