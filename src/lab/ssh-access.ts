import { spawn } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabPaths } from './lab-paths.js';
import { commandInside, type Holder } from './namespaces.js';
import { recordProcess } from './process-record.js';
import { runCommand } from './run-command.js';
import { hosts, sshPort, type LabHost } from './topology.js';
import { userNamespace } from './user-namespace.js';
import { waitUntil } from './wait-until.js';

const makeKey = (file: string, comment: string): Promise<string> =>
  runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);

/** Where a host takes SSH. */
export interface SshDoor {
  interface: string;
  address: string;
}

/** How one comes to that door from outside: the lines of ssh_config(5) for it. */
export type SshWay = (host: LabHost) => string[];

/**
 * Makes the operator’s key, each host’s key, known_hosts, and the configuration for ssh and vsockctl.
 * @param user whom the hosts let in
 */
export async function makeSshAccess(paths: LabPaths, user: string, way: SshWay): Promise<void> {
  await mkdir(paths.ssh, { mode: 0o700 });
  await makeKey(join(paths.ssh, 'operator'), `operator of lab ${paths.name}`);
  const knownHosts: string[] = [];
  for (const { name } of hosts) {
    const hostKey = paths.hostFile(name, 'ssh_host_ed25519_key');
    await makeKey(hostKey, name);
    await copyFile(join(paths.ssh, 'operator.pub'), paths.hostFile(name, 'authorized_keys'));
    knownHosts.push(`${name} ${await readFile(`${hostKey}.pub`, 'utf8')}`);
  }
  await writeFile(join(paths.ssh, 'known_hosts'), knownHosts.join(''));
  await writeFile(
    paths.sshConfig,
    hosts.map((host) => clientConfig(paths, host, user, way(host))).join('\n'),
  );
}

/** In a user namespace, the only user that sshd can let in is the one who made it. */
export async function loginUser(): Promise<string> {
  const uid = userNamespace()?.uid ?? process.getuid?.();
  return (await runCommand('id', ['--name', '--user', String(uid)])).trim();
}

/** What leads to the mounts of a lab in a user namespace. */
function enterLab(): string {
  const inside = userNamespace();
  return inside === null ? '' : `nsenter --target=${inside.keeper} --user --mount --preserve-credentials `;
}

/** The hosts have no address outside their namespaces, so labs live side by side: socat goes in for ssh. */
export const wayIntoNamespace =
  (paths: LabPaths): SshWay =>
  ({ name, address }) => [
    `HostName ${address}`,
    `Port ${sshPort}`,
    `ProxyCommand ${enterLab()}nsenter --net=${paths.namespace(name)} socat - TCP:%h:%p`,
  ];

const clientConfig = (
  paths: LabPaths,
  { name }: LabHost,
  user: string,
  way: string[],
): string => `Host ${name}
  ${way.join('\n  ')}
  User ${user}
  IdentityFile ${join(paths.ssh, 'operator')}
  IdentitiesOnly yes
  UserKnownHostsFile ${join(paths.ssh, 'known_hosts')}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  HostKeyAlias ${name}
`;

const serverConfig = (
  paths: LabPaths,
  { name }: LabHost,
  { address }: SshDoor,
): string => `ListenAddress ${address}
Port ${sshPort}
HostKey ${paths.hostFile(name, 'ssh_host_ed25519_key')}
AuthorizedKeysFile ${paths.hostFile(name, 'authorized_keys')}
PidFile none
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes ${userNamespace() === null ? 'yes' : 'no'}
UsePAM no
MaxSessions 100
UseDNS no
PrintMotd no
LogLevel VERBOSE
`;

/**
 * sshd as root changes to users that a user namespace of one user does not have. As that user it does not try;
 * so it gets a namespace in which the user is not root, and the port that only root could take.
 */
function asRealUser(): string[] {
  const inside = userNamespace();
  if (inside === null) return [];
  return ['unshare', '--user', `--map-user=${inside.uid}`, `--map-group=${inside.gid}`, '--'];
}

/** Starts the host’s own sshd and waits until it listens. */
export async function startSshd(
  paths: LabPaths,
  holder: Holder,
  host: LabHost,
  door: SshDoor,
): Promise<void> {
  const config = paths.hostFile(host.name, 'sshd_config');
  const log = paths.hostFile(host.name, 'sshd.log');
  await writeFile(config, serverConfig(paths, host, door));
  await writeFile(log, '');
  const words = [...asRealUser(), '/usr/sbin/sshd', '-D', '-f', config, '-E', log];
  const [command, ...args] = commandInside(holder, words[0]!, words.slice(1));
  const sshd = spawn(command, args, { stdio: 'ignore', detached: true });
  sshd.unref();
  await recordProcess(paths, `${host.name}.sshd`, sshd.pid!);
  const listens = async (): Promise<boolean> => (await readFile(log, 'utf8')).includes('Server listening on');
  await waitUntil(`sshd of ${host.name} listens`, listens, log);
}
