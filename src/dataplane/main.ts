import { mkdirSync } from 'node:fs';
import type { Server } from 'node:net';
import { HostConfig } from '../config/host-config.js';
import { FileDirectory } from '../directory/file-directory.js';
import { reasonOf } from '../errors/reason-of.js';
import { VsocketError } from '../errors/vsocket-error.js';
import { LedgerFile } from '../ledger/ledger-file.js';
import { ledgerPath } from '../ledger/ledger-reader.js';
import { NoQueuePairs } from '../link/rdma/no-queue-pairs.js';
import { RdmaSource } from '../link/rdma/rdma-source.js';
import { Bells } from '../native/bells.js';
import { HostRules } from '../rules/host-rules.js';
import type { Verdict } from '../rules/evaluate.js';
import { softwareDriverOf } from '../rdma/software-device.js';
import { openFileLimit } from '../native/open-file-limit.js';
import { Busy } from './busy.js';
import { serveChannel, type ChannelEvents } from './channel-server.js';
import { connectionShare, describeShortage } from './connection-share.js';
import { EndBook } from './end-book.js';
import { EndedProcesses } from './ended-processes.js';
import type { FlowEnd } from './flow-end.js';
import type { GuestVm } from './guest-vm.js';
import { Links } from './links.js';
import { LocalPairs } from './local-pairs.js';
import { limitedLog } from './limited-log.js';
import { parseCommand, report } from './messages.js';
import { Poller } from './poller.js';
import { restoreFlows } from './restore.js';
import { Scarcity } from './scarcity.js';
import { SocketOwners } from './socket-owners.js';
import { Switchboard } from './switchboard.js';
import { VmRoster } from './vm-roster.js';

/**
 * How often a sleeping vsockd looks unasked. A guest may die between taking the mark that vsockd sleeps and ringing;
 * the others of its VM see no mark, and do not ring.
 */
const lostBellMilliseconds = 1000;
/** How often the flows of processes that are not connected are looked at. */
const sweepMilliseconds = 10_000;

/** How often VMs that are not there are looked for, and the others whether they still are. */
const lookMilliseconds = 3000;

const log = limitedLog((level, message, fields) => report({ type: 'log', level, message, fields }));

function showVm(name: string, problem: string | null): void {
  report({ type: 'vm', name, problem });
  if (problem === null) log('info', 'the VM is served', { vm: name });
  else log('error', 'the VM cannot be served', { vm: name, problem });
}

/** @throws VsocketError where there is no room for it, or it may not be written */
function openLedger(config: HostConfig): LedgerFile {
  const path = ledgerPath(config);
  try {
    mkdirSync(config.runtimeDirectory, { recursive: true });
    return new LedgerFile(path, true);
  } catch (error) {
    const remedy = `flows stay on tcp until ${config.runtimeDirectory} has room and may be written`;
    throw new VsocketError('no-ledger', `the ledger ${path} cannot be made: ${reasonOf(error)}`, remedy);
  }
}

/** Without its file the next data plane would know no flow, and would have to reset them all. */
function keepLedger(config: HostConfig, ledger: LedgerFile): void {
  if (ledger.isThere) return;
  try {
    mkdirSync(config.runtimeDirectory, { recursive: true });
    ledger.restore();
    log('warn', 'the ledger was removed; it is there again', { file: ledgerPath(config) });
  } catch (error) {
    log('error', `the ledger was removed, and cannot be made again: ${reasonOf(error)}`, {});
  }
}

/** Which rules are in force; what is not allowed comes on no fast path. */
let rules: HostRules | null = null;

async function start(config: HostConfig, version: string): Promise<Switchboard> {
  const ledger = openLedger(config);
  const book = new EndBook(ledger, log);
  const owners = new SocketOwners(book);
  const pairs = new LocalPairs(book, owners);
  const directory =
    config.link === undefined
      ? null
      : new FileDirectory(config.link.directory, (problem) => log('error', problem, {}));
  const queuePairs =
    config.link?.rdma.enabled === true
      ? new RdmaSource(config.link.rdma, (message, fields) => log('warn', message, fields), softwareDriverOf)
      : new NoQueuePairs('RDMA is switched off in the configuration');
  const links =
    config.link === undefined || directory === null
      ? null
      : new Links(book, pairs, {
          ownName: config.host,
          version,
          config: config.link,
          directory,
          queuePairs,
          owners,
        });
  const hostOf = (vni: number, address: string): string | null => {
    const host = directory?.find(vni, address)?.host ?? null;
    return host === config.host ? null : host;
  };
  const verdict = (end: FlowEnd): Verdict => {
    const { vm, localPort, remoteAddress, remotePort } = end;
    const direction = book.directionOf(end);
    return rules!.evaluateTcp(vm.config.name, { direction, localPort, remoteAddress, remotePort });
  };
  const switchboardNeeds = { owners, verdict, ...(directory === null ? {} : { hostOf }) };
  const switchboard = new Switchboard(book, pairs, links?.flows ?? null, switchboardNeeds, config.vms);
  const endedProcesses = new EndedProcesses({
    flowsOf: (vm, process) => switchboard.flowsOf(vm, process),
    closeEnded: (ends) => switchboard.closeEnded(ends),
    wake: () => poller.wake(),
  });
  const bells = new Bells();
  const events: ChannelEvents = {
    bell: (fd) => bells.add(fd),
    rung: () => poller.wake(),
    log,
    processBegan: (began, process) => book.nameProcess(began, process),
    processEnded: (vm, process) => {
      endedProcesses.add(vm, process);
      vm.releaseProcess(process);
    },
  };
  const limit = openFileLimit();
  const share = connectionShare(limit, config.vms.length);
  const shortage = describeShortage(limit, config.vms.length);
  if (shortage !== null) log('warn', shortage, {});
  const serve = async (vm: GuestVm): Promise<Server> => {
    const server = await serveChannel(vm, ledger, events, share);
    switchboard.scan(vm);
    poller.wake();
    return server;
  };
  const roster = new VmRoster(config, { ledger, owners, serve, show: showVm });
  const vms = roster.present;
  const scarcity = new Scarcity();
  const busy = new Busy(
    scarcity,
    () => pairs.largeMoves,
    (isBusy) => {
      if (!config.tcpWhenBusy) return;
      pairs.setBusy(isBusy);
      poller.wake(); // what the guests did meanwhile
    },
  );
  const poller = new Poller(vms, switchboard.service, {
    queuePairs,
    spinMilliseconds: config.hostSpinMicroseconds / 1000,
    scarcity,
    busy,
    bells,
  });
  roster.open();
  const byIndex = new Map(vms.map((vm) => [vm.ledgerIndex, vm]));
  const { waiting, count } = restoreFlows(book, byIndex, pairs, links?.flows ?? null);
  if (count > 0) log('info', `took up ${count} flow ends`, {});
  for (const end of waiting) if (end.state === 'waiting') switchboard.meetAgain(end);
  await links?.start();
  await roster.serve();
  setInterval(poller.wake, lostBellMilliseconds);
  const lookLater = (): unknown =>
    setTimeout(() => {
      keepLedger(config, ledger);
      void roster.look().then(lookLater);
    }, lookMilliseconds);
  lookLater();
  // The first sweep comes late enough for the processes of before a restart to have connected again.
  setInterval(() => {
    for (const vm of vms) switchboard.sweep(vm);
    links?.flows.sweep();
    poller.wake();
  }, sweepMilliseconds);
  return switchboard;
}

let switchboard: Switchboard | null = null;
let vms: HostConfig['vms'] = [];

process.on('message', (message: unknown) => {
  const command = parseCommand(message);
  if (command.type === 'reset') {
    for (const socket of command.sockets) switchboard?.resetFlow(socket);
    return;
  }
  if (command.type === 'rules') {
    rules = new HostRules(command.rules, vms);
    switchboard?.pauseDenied();
    return;
  }
  if (command.type === 'end-denied') {
    void switchboard?.endDenied();
    return;
  }
  const config = HostConfig.parse(command.config);
  ({ vms } = config);
  rules = new HostRules(command.rules, vms);
  start(config, command.version).then(
    (started) => {
      switchboard = started;
      // They may have changed meanwhile.
      started.pauseDenied();
      void started.endDenied();
      report({ type: 'ready' });
    },
    (error: unknown) => {
      const text = error instanceof VsocketError ? error.line : String((error as Error).message);
      log('error', text, error instanceof VsocketError ? {} : { stack: (error as Error).stack });
      process.exitCode = 1;
      process.disconnect();
    },
  );
});
process.on('disconnect', () => process.exit());
