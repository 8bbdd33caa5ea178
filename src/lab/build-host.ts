import { closeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { regionBytes } from '../channel/region-layout.js';
import { createSealedMemfd } from '../native/memfd.js';
import { connectVms, raisePorts, setUpHost } from './host-network.js';
import { channelInVm, isBelowRun, type LabPaths } from './lab-paths.js';
import type { LabPlan } from './lab-plan.js';
import { startMachine, type Holder } from './namespaces.js';
import { startSshd, type SshDoor } from './ssh-access.js';
import { vsockdAnswers, vsockdGuards } from './status.js';
import { vmsOf, type LabHost, type LabVm } from './topology.js';
import { accepts } from './unix-socket.js';
import { startVsockd, writeVsockdConfig } from './vsockd-service.js';
import { waitUntil } from './wait-until.js';

/** Where a host comes to life: namespaces of their own here, or a machine of its own. */
export interface HostPlace {
  /** Null: the whole machine is the host. */
  holder: Holder;
  door: SshDoor;
}

/** Makes a host’s VMs and networks and starts its services; the underlay’s interface is there. */
export async function buildHost(
  paths: LabPaths,
  host: LabHost,
  { holder, door }: HostPlace,
  plan: LabPlan,
): Promise<void> {
  const vmHolders = new Map<string, number>();
  for (const vm of vmsOf(host.name)) vmHolders.set(vm.name, await startVm(paths, vm));
  await setUpHost(holder, host, door.interface);
  await connectVms(holder, vmHolders);
  await mkdir(paths.hostRuntime(host.name), { recursive: true });
  await writeVsockdConfig(paths, host.name, vmHolders, plan);
  await startVsockd(paths, holder, host.name);
  await untilGuarded(paths, host);
  await raisePorts(holder, host);
  await startSshd(paths, holder, host, door);
}

/** Waits until vsockd of the host answers to operators and to VMs. */
export async function untilHostServes(paths: LabPaths, host: LabHost): Promise<void> {
  const { name } = host;
  const log = vsockdLog(paths, host);
  await waitUntil(`vsockd of ${name} answers`, () => vsockdAnswers(paths, name), log);
  for (const vm of vmsOf(name)) {
    const channel = paths.channel(name, vm.name);
    await waitUntil(`vsockd of ${name} serves the channel of ${vm.name}`, () => accepts(channel), log);
  }
}

const vsockdLog = (paths: LabPaths, { name }: LabHost): string => paths.hostFile(name, 'vsockd.log');

function untilGuarded(paths: LabPaths, host: LabHost): Promise<void> {
  const { name } = host;
  const guards = (): Promise<boolean> => vsockdGuards(paths, name);
  return waitUntil(`vsockd of ${name} guards its VMs`, guards, vsockdLog(paths, host));
}

async function startVm(paths: LabPaths, vm: LabVm): Promise<number> {
  const memory = createSealedMemfd(`vsocket ${vm.name}`, regionBytes);
  // Its own /run shows the VM its own channel, and hides the lab with the channels of the others.
  const run = paths.vmRun(vm.host, vm.name);
  await mkdir(join(run, relative('/run', dirname(channelInVm))), { recursive: true });
  const ownRun = ['mount', '--bind', run, '/run'];
  const hidden = ['mount', '-t', 'tmpfs', 'hidden', paths.directory];
  const preparation = isBelowRun(paths.directory) ? [ownRun] : [ownRun, hidden];
  const holder = await startMachine(paths, vm.name, { memory, preparation, isVm: true });
  closeSync(memory);
  return holder;
}
