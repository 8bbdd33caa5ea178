import { writeFileSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { VsocketError } from '../../errors/vsocket-error.js';
import { buildHost, untilHostServes } from '../build-host.js';
import { runtimeDirectory, LabPaths } from '../lab-paths.js';
import { readPlan } from '../lab-plan.js';
import { readProcessRecords, recordProcess } from '../process-record.js';
import { runCommand } from '../run-command.js';
import { limitVariable } from '../wait-until.js';
import {
  hosts,
  managementInterface,
  networkCards,
  rdmaDevice,
  rdmaInterface,
  rdmaMtuBytes,
  rdmaPrefixBits,
  vmsOf,
  type LabHost,
} from '../topology.js';
import { outsideInMachine } from './init-script.js';
import { bootMilliseconds, pathsInMachine, reportPort, type MachineReport } from './machine-report.js';

/** QEMU’s user network (netdev user): the guest’s own address. */
const managementAddress = '10.0.2.15';
/** In a machine everything hangs from its first process. */
const firstProcess = 1;

/** Makes the machine that this runs in a host of the lab. */
async function setUpMachine(name: string, host: LabHost, outsideDirectory: string): Promise<MachineReport> {
  const paths = pathsInMachine(name);
  await takeFiles(new LabPaths(name, `${outsideInMachine}${outsideDirectory}/..`), paths, host.name);
  await runCommand('hostname', [host.name]);
  await setUpRoot();
  await setUpCards(host);
  await recordProcess(paths, `${host.name}.holder`, firstProcess);
  const plan = await readPlan(paths);
  if (plan === null) throw new VsocketError('no-plan', `${outsideDirectory} holds no plan`);
  const door = { interface: managementInterface, address: managementAddress };
  await buildHost(paths, host, { holder: null, door }, plan);
  await untilHostServes(paths, host);
  const records = await readProcessRecords(paths);
  const holders = vmsOf(host.name).map((vm) => [vm.name, records.get(`${vm.name}.holder`)!.pid]);
  return { vmHolders: Object.fromEntries(holders) as Record<string, number> };
}

/** What is for this host, and nothing that is for another. */
async function takeFiles(outside: LabPaths, paths: LabPaths, host: string): Promise<void> {
  for (const directory of [paths.processes, paths.namespaces, paths.hostRuntime(host), runtimeDirectory])
    await mkdir(directory, { recursive: true });
  await copyFile(outside.plan, paths.plan);
  await cp(outside.host(host), paths.host(host), { recursive: true });
  await runCommand('mount', ['--bind', paths.hostRuntime(host), runtimeDirectory]);
}

/**
 * Root logs in with a key alone, and with a plain shell: the outside’s may read files that do much, for each command.
 * The outside’s passwords stay outside, where a user without root cannot even read them.
 */
async function setUpRoot(): Promise<void> {
  const users = await readFile('/etc/passwd', 'utf8');
  await writeFile('/etc/passwd', users.replace(/^(root:.*:)[^:]*$/m, '$1/bin/sh'));
  await rm('/etc/shadow', { force: true });
  await writeFile('/etc/shadow', 'root:*:::::::\n', { mode: 0o640 });
}

async function setUpCards(host: LabHost): Promise<void> {
  const names = networkCards.map((card, index) => `link set eth${index} name ${card}`);
  const commands = [
    ...names,
    `address add ${managementAddress}/24 dev ${managementInterface}`,
    `link set ${managementInterface} up`,
    `address add ${host.rdmaAddress}/${rdmaPrefixBits} dev ${rdmaInterface}`,
    `link set ${rdmaInterface} mtu ${rdmaMtuBytes} up`,
  ];
  await runCommand('ip', ['-batch', '-'], { input: `${commands.join('\n')}\n` });
  await runCommand('rdma', ['link', 'add', rdmaDevice, 'type', 'rxe', 'netdev', rdmaInterface]);
}

const report = (what: MachineReport): void => writeFileSync(reportPort, `${JSON.stringify(what)}\n`);

const [name, hostName, outsideDirectory] = process.argv.slice(2);
const host = hosts.find((each) => each.name === hostName);
if (name === undefined || host === undefined || outsideDirectory === undefined)
  throw new Error('usage: set-up-machine NAME HOST DIRECTORY-OUTSIDE');
process.env[limitVariable] = String(bootMilliseconds);
await setUpMachine(name, host, outsideDirectory).then(report, (error: unknown) => {
  report({ problem: error instanceof VsocketError ? error.line : String(error) });
});
