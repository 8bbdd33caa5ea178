import { spawn } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { HostConfig } from '../config/host-config.js';
import { runtimeDirectory, type LabPaths } from './lab-paths.js';
import type { LabPlan } from './lab-plan.js';
import { linkConfig } from './link-files.js';
import { commandInside, type Holder } from './namespaces.js';
import { recordProcess } from './process-record.js';
import { supervise } from './supervise.js';
import { bridgeOf, tenants, vmsOf, vxlanOf } from './topology.js';

const supervisorProgram = fileURLToPath(new URL('supervisor.js', import.meta.url));

/**
 * How long vsockd of an emulated machine spins before it sleeps. A message and its answer take milliseconds there,
 * where real devices take microseconds: the usual spin is over long before the answer (measured: a round trip of 64
 * bytes takes 0.6 of the time, Redis with one client makes 1.4 times the requests, with 50 as many).
 */
export const emulatedSpinMicroseconds = 2000;

/** Set where flows are to stay in their rings, whatever else the machine does. */
export const staysInRingsVariable = 'VSOCKET_LAB_STAYS_IN_RINGS';

/** Writes the host’s configuration for vsockd. */
export async function writeVsockdConfig(
  paths: LabPaths,
  host: string,
  holders: Map<string, number>,
  plan: LabPlan,
): Promise<void> {
  const config = HostConfig.parse({
    host,
    runtimeDirectory,
    auditLog: paths.hostFile(host, 'audit.jsonl'),
    rulesDirectory: paths.hostFile(host, 'rules'),
    bridges: tenants.map(({ vni }) => ({ vni, bridge: bridgeOf(vni), vxlan: vxlanOf(vni) })),
    link: linkConfig(paths, host, plan),
    ...(process.env[staysInRingsVariable] === undefined ? {} : { tcpWhenBusy: false }),
    ...(plan.rdma ? { hostSpinMicroseconds: emulatedSpinMicroseconds } : {}),
    vms: vmsOf(host).map((vm) => ({
      name: vm.name,
      tenant: vm.tenant,
      vni: vm.vni,
      addresses: [vm.address],
      mac: vm.mac,
      interface: vm.name,
      networkNamespace: `/proc/${holders.get(vm.name)}/ns/net`,
      channel: paths.channel(host, vm.name),
      memory: { path: `/proc/${holders.get(vm.name)}/fd/3` },
    })),
  });
  await writeFile(paths.hostFile(host, 'vsockd.json'), `${JSON.stringify(config, null, 2)}\n`);
}

/** Starts vsockd under a supervisor of ours, which starts it again when it dies. */
export async function startVsockd(paths: LabPaths, holder: Holder, host: string): Promise<void> {
  if (holder === null) return superviseHere(paths, host);
  const log = await open(paths.hostFile(host, 'supervisor.log'), 'a');
  const words = [supervisorProgram, paths.root, paths.name, host];
  const [command, ...args] = commandInside(holder, process.execPath, words);
  const supervisor = spawn(command, args, { stdio: ['ignore', log.fd, log.fd], detached: true });
  supervisor.unref();
  await recordProcess(paths, `${host}.supervisor`, supervisor.pid!);
  await log.close();
}

/** In a machine, the process that set it up stays to do it. */
async function superviseHere(paths: LabPaths, host: string): Promise<void> {
  await recordProcess(paths, `${host}.supervisor`, process.pid);
  void supervise(paths, host);
}
