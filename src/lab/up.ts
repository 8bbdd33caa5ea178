import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';
import { buildHost, untilHostServes } from './build-host.js';
import { down } from './down.js';
import { connectHosts } from './host-network.js';
import { isBelowRun, type LabPaths } from './lab-paths.js';
import { readPlan, writePlan, type LabPlan } from './lab-plan.js';
import { makeLinkFiles } from './link-files.js';
import { bootMachines } from './machine/boot-machines.js';
import { runInside, startMachine } from './namespaces.js';
import { runCommand } from './run-command.js';
import { loginUser, makeSshAccess, wayIntoNamespace } from './ssh-access.js';
import { labStatus } from './status.js';
import { hosts, underlayInterface } from './topology.js';
import { rootless, userNamespace } from './user-namespace.js';

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
  for (const directory of [paths.processes, ...hosts.map(({ name }) => paths.host(name))])
    await mkdir(directory);
  await makeLinkFiles(paths);
  if (plan.rdma) await bootMachines(paths);
  else await buildNamespaces(paths, plan);
  await writeFile(paths.complete, '');
}

/** Every host is some namespaces of this machine. */
async function buildNamespaces(paths: LabPaths, plan: LabPlan): Promise<void> {
  await mkdir(paths.namespaces);
  const holders = new Map<string, number>();
  for (const { name } of hosts) holders.set(name, await startHost(paths, name));
  await connectHosts(holders);
  await makeSshAccess(paths, await loginUser(), wayIntoNamespace(paths));
  for (const host of hosts) {
    const door = { interface: underlayInterface, address: host.address };
    await buildHost(paths, host, { holder: holders.get(host.name)!, door }, plan);
  }
  for (const host of hosts) await untilHostServes(paths, host);
}

/** What the lab’s processes write is in memory; and one mount tells them from all others. */
async function mountDirectory({ directory, name }: LabPaths): Promise<void> {
  // What a user mounts in a user namespace is not seen outside, where ssh looks for its configuration.
  if (userNamespace() !== null) return void (await runCommand('mount', ['--bind', directory, directory]));
  // Emulated machines need no root and no user namespace.
  if (rootless) return;
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
