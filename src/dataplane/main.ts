import { mkdirSync } from 'node:fs';
import { HostConfig } from '../config/host-config.js';
import { LedgerFile } from '../ledger/ledger-file.js';
import { ledgerPath } from '../ledger/ledger-reader.js';
import { TcpLookup } from '../native/tcp-lookup.js';
import { serveChannel } from './channel-server.js';
import { GuestVm } from './guest-vm.js';
import { parseCommand, report, type LogLevel } from './messages.js';
import { Poller } from './poller.js';
import { restoreFlows } from './restore.js';
import { Switchboard } from './switchboard.js';

/** How often the flows of processes that are not connected are looked at. */
const sweepMilliseconds = 10_000;

function log(level: LogLevel, message: string, fields: Record<string, unknown>): void {
  report({ type: 'log', level, message, fields });
}

async function start(config: HostConfig): Promise<Switchboard> {
  mkdirSync(config.runtimeDirectory, { recursive: true });
  const ledger = new LedgerFile(ledgerPath(config), true);
  const vms = config.vms.map((vm) => new GuestVm(vm, ledger.vmIndex(vm.name), config));
  const lookups = new Map(vms.map((vm) => [vm, new TcpLookup(vm.config.networkNamespace)]));
  const switchboard = new Switchboard(ledger, {
    isHeld: (vm, connection) => lookups.get(vm)?.isHeld(connection) ?? false,
    log,
  });
  for (const vm of vms) switchboard.addVm(vm);
  const taken = restoreFlows(ledger, new Map(vms.map((vm) => [vm.ledgerIndex, vm])), switchboard);
  if (taken > 0) log('info', `took up ${taken} flow ends`, {});
  const poller = new Poller(vms, switchboard.service, config.hostSpinMicroseconds / 1000);
  for (const vm of vms)
    await serveChannel(vm, ledger, {
      rung: poller.wake,
      log,
      processBegan: (began, process) => switchboard.nameProcess(began, process),
      processEnded: (ended, process) => {
        switchboard.sweep(ended, process);
        ended.releaseProcess(process);
      },
    });
  for (const vm of vms) switchboard.scan(vm);
  poller.wake();
  // The first sweep comes late enough for the processes of before a restart to have connected again.
  setInterval(() => vms.forEach((vm) => switchboard.sweep(vm, null)), sweepMilliseconds);
  return switchboard;
}

let switchboard: Switchboard | null = null;

process.on('message', (message: unknown) => {
  const command = parseCommand(message);
  if (command.type === 'reset') {
    for (const cookie of command.cookies) switchboard?.resetCookie(cookie);
    return;
  }
  start(HostConfig.parse(command.config)).then(
    (started) => {
      switchboard = started;
      report({ type: 'ready' });
    },
    (error: unknown) => {
      log('error', error instanceof Error ? error.message : String(error), { stack: (error as Error).stack });
      process.exitCode = 1;
      process.disconnect();
    },
  );
});
process.on('disconnect', () => process.exit());
