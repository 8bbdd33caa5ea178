import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import type { z } from 'zod';
import type { LinkConfig } from '../config/host-config.js';
import type { LabPaths } from './lab-paths.js';
import type { LabPlan } from './lab-plan.js';
import { makeLinkCertificates } from './link-certificates.js';
import { hosts, linkPort, vms } from './topology.js';

/** What links a host to the others, in the lab’s directory for that host. */
const linkFile = (paths: LabPaths, host: string, file: string): string =>
  paths.hostFile(host, `link-${file}`);

/** Makes the authority of the lab, and gives each host its certificate and the directory of hosts and VMs. */
export async function makeLinkFiles(paths: LabPaths): Promise<void> {
  await mkdir(paths.authority, { mode: 0o700 });
  const certificates = makeLinkCertificates(
    paths.authority,
    hosts.map(({ name }) => name),
  );
  const directory = JSON.stringify({
    hosts: hosts.map(({ name, address }) => ({ name, address, port: linkPort })),
    vms: vms.map(({ name, vni, address, host }) => ({ name, vni, addresses: [address], host })),
  });
  for (const [host, files] of certificates) {
    await copyFile(files.certificate, linkFile(paths, host, 'certificate.pem'));
    await copyFile(files.key, linkFile(paths, host, 'key.pem'));
    await copyFile(files.authority, linkFile(paths, host, 'authority.pem'));
    await writeFile(linkFile(paths, host, 'directory.json'), `${directory}\n`);
  }
}

/** The part of a host’s configuration that names these files. */
export function linkConfig(
  paths: LabPaths,
  host: string,
  { carryWithoutRdma, rdma }: LabPlan,
): z.input<typeof LinkConfig> {
  const { address } = hosts.find(({ name }) => name === host)!;
  return {
    listen: { address, port: linkPort },
    certificate: linkFile(paths, host, 'certificate.pem'),
    key: linkFile(paths, host, 'key.pem'),
    authority: linkFile(paths, host, 'authority.pem'),
    directory: linkFile(paths, host, 'directory.json'),
    carryWithoutRdma,
    rdma: { software: rdma },
  };
}
