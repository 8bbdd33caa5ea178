import { mkdir, writeFile } from 'node:fs/promises';
import { closeSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { regionBytes } from '../channel/region-layout.js';
import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';
import { createSealedMemfd } from '../native/memfd.js';
import { down } from './down.js';
import { connectHosts, connectVm, setUpHost } from './host-network.js';
import { channelInVm, type LabPaths } from './lab-paths.js';
import { readPlan, writePlan, type LabPlan } from './lab-plan.js';
import { makeLinkFiles } from './link-files.js';
import { runInside, startMachine } from './namespaces.js';
import { runCommand } from './run-command.js';
import { makeSshAccess, startSshd } from './ssh-access.js';
import { labStatus, vsockdAnswers } from './status.js';
import { hosts, vms, vmsOf, type LabVm } from './topology.js';
import { accepts } from './unix-socket.js';
import { userNamespace } from './user-namespace.js';
import { startVsockd, writeVsockdConfig } from './vsockd-service.js';
import { waitUntil } from './wait-until.js';

/**
 * Brings the lab up. One that runs is left alone; a ruin is taken down first; a failure leaves nothing behind.
 * @returns whether anything had to be done
 */
export async function up(paths: LabPaths, plan: LabPlan): Promise<boolean> {
  if ((await labStatus(paths)).state === 'up') {
    await assertSamePlan(paths, plan);
    return false;
  }
  await down(paths);
  try {
    await build(paths, plan);
  } catch (error) {
    await down(paths);
    throw error;
  }
  return true;
}

async function assertSamePlan(paths: LabPaths, plan: LabPlan): Promise<void> {
  if (isDeepStrictEqual(await readPlan(paths), plan)) return;
  throw new VsocketError(
    'other-options',
    `lab ${paths.name} is up with other options`,
    `run vsocket-lab down --name ${paths.name} first`,
    ExitCode.refused,
  );
}

async function build(paths: LabPaths, plan: LabPlan): Promise<void> {
  await mkdir(paths.directory, { recursive: true });
  await mountDirectory(paths);
  await writePlan(paths, plan);
  const directories = [paths.processes, paths.namespaces, ...hosts.map(({ name }) => paths.host(name))];
  for (const directory of directories) await mkdir(directory);

  const holders = new Map<string, number>();
  for (const { name } of hosts) holders.set(name, await startHost(paths, name));
  for (const vm of vms) holders.set(vm.name, await startVm(paths, vm));

  await connectHosts(holders);
  for (const host of hosts) await setUpHost(holders.get(host.name)!, host);
  for (const vm of vms) await connectVm(holders.get(vm.host)!, holders.get(vm.name)!, vm);

  await makeSshAccess(paths);
  await makeLinkFiles(paths);
  for (const host of hosts) {
    await writeVsockdConfig(paths, host.name, holders, plan);
    await startVsockd(paths, holders.get(host.name)!, host.name);
    await startSshd(paths, holders.get(host.name)!, host);
  }
  for (const { name } of hosts) {
    const log = paths.hostFile(name, 'vsockd.log');
    await waitUntil(`vsockd of ${name} answers`, () => vsockdAnswers(paths, name), log);
    for (const vm of vmsOf(name)) {
      const channel = paths.channel(name, vm.name);
      await waitUntil(`vsockd of ${name} serves the channel of ${vm.name}`, () => accepts(channel), log);
    }
  }
  await writeFile(paths.complete, '');
}

/** What the lab’s processes write is in memory; and one mount tells them from all others. */
async function mountDirectory({ directory, name }: LabPaths): Promise<void> {
  // What a user mounts in a user namespace is not seen outside, where ssh looks for its configuration.
  if (userNamespace() !== null) return void (await runCommand('mount', ['--bind', directory, directory]));
  await runCommand('mount', ['-t', 'tmpfs', '-o', 'mode=755', `vsocket-lab-${name}`, directory]);
  await runCommand('mount', ['--make-private', directory]);
}

async function startHost(paths: LabPaths, host: string): Promise<number> {
  const holder = await startMachine(paths, host);
  // A /run of its own, so that every host has vsockd and sshd at their usual places; the lab stays in sight.
  const run = paths.hostRun(host);
  for (const path of [paths.hostRuntime(host), join(run, 'sshd')]) await mkdir(path, { recursive: true });
  if (isBelowRun(paths.directory)) {
    const lab = join(run, relative('/run', paths.directory));
    await mkdir(lab, { recursive: true });
    await runInside(holder, 'mount', ['--bind', paths.directory, lab]);
  }
  await runInside(holder, 'mount', ['--rbind', run, '/run']);
  return holder;
}

async function startVm(paths: LabPaths, vm: LabVm): Promise<number> {
  const memory = createSealedMemfd(`vsocket ${vm.name}`, regionBytes);
  const holder = await startMachine(paths, vm.name, memory);
  closeSync(memory);
  // Its own /run shows the VM its own channel, and hides the lab with the channels of the others.
  const run = paths.vmRun(vm.host, vm.name);
  await mkdir(join(run, relative('/run', dirname(channelInVm))), { recursive: true });
  await runInside(holder, 'mount', ['--bind', run, '/run']);
  if (!isBelowRun(paths.directory))
    await runInside(holder, 'mount', ['-t', 'tmpfs', 'hidden', paths.directory]);
  return holder;
}

const isBelowRun = (path: string): boolean => path.startsWith('/run/');
