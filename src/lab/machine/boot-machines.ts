import { mkdir } from 'node:fs/promises';
import { makeSshAccess } from '../ssh-access.js';
import type { LabPaths } from '../lab-paths.js';
import { hosts } from '../topology.js';
import { bootImage } from './boot-image.js';
import { startEmulator } from './emulator.js';
import { bundleProject } from './bundle-project.js';
import { freePort } from './free-port.js';
import { untilServes } from './machine-report.js';
import { openConnection } from './on-machine.js';
import { writeMachine } from './machine-record.js';

/** Every host is a machine of its own, emulated by QEMU: each sets itself up, and tells when it serves. */
export async function bootMachines(paths: LabPaths): Promise<void> {
  await bundleProject(paths.machineProject);
  const image = await bootImage((text) => process.stderr.write(text));
  const sshPorts = new Map<string, number>();
  for (const { name } of hosts) {
    await mkdir(paths.machine(name), { recursive: true });
    sshPorts.set(name, await freePort([...sshPorts.values()]));
    await writeMachine(paths, name, { sshPort: sshPorts.get(name)! });
  }
  await makeSshAccess(paths, 'root', ({ name }) => [
    'HostName 127.0.0.1',
    `Port ${sshPorts.get(name)}`,
    // OpenSSH’s first choice takes an emulated machine a second.
    'KexAlgorithms curve25519-sha256',
  ]);
  for (const host of hosts) await startEmulator(paths, host, image, sshPorts.get(host.name)!);
  await Promise.all(
    hosts.map(async ({ name }) => {
      await untilServes(paths, name);
      await openConnection(paths, name);
    }),
  );
}
