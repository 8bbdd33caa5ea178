import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../lab/machine/free-port.js';
import { untilReachable } from '../../lab/machine/until-reachable.js';

const simulation = fileURLToPath(new URL('./simulated-vsockds.js', import.meta.url));

/** Many host names that lead to one real sshd, with a simulated vsockd for each. */
export class SimulatedFleet {
  private constructor(
    private readonly directory: string,
    readonly names: readonly string[],
  ) {}

  static async open<Result>(
    hosts: number,
    flows: number,
    use: (fleet: SimulatedFleet) => Promise<Result>,
  ): Promise<Result> {
    const directory = mkdtempSync(join(tmpdir(), 'vsocket-bench-'));
    const children: ChildProcess[] = [];
    try {
      children.push(await startSshd(directory));
      const words = [simulation, join(directory, 'run'), String(hosts), String(flows)];
      const simulated = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
      children.push(simulated);
      await once(simulated.stdout, 'data');
      const names = Array.from({ length: hosts }, (_, index) => `sim${String(index)}`);
      return await use(new SimulatedFleet(directory, names));
    } finally {
      for (const child of children) if (child.exitCode === null && child.kill()) await once(child, 'exit');
      rmSync(directory, { recursive: true, force: true });
    }
  }

  get sshConfig(): string {
    return join(this.directory, 'ssh_config');
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      VSOCKCTL_SSH_CONFIG: this.sshConfig,
      VSOCKCTL_HOSTS: this.names.join(' '),
      VSOCKCTL_SOCKET_DIRECTORY: join(this.directory, 'run', '%h'),
      XDG_STATE_HOME: this.directory,
    };
  }
}

async function startSshd(directory: string): Promise<ChildProcess> {
  const port = await freePort();
  for (const key of ['host_key', 'user_key'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, key)]);
  const [type, hostKey] = readFileSync(join(directory, 'host_key.pub'), 'utf8').split(' ');
  writeFileSync(join(directory, 'known_hosts'), `bench ${type ?? ''} ${hostKey ?? ''}\n`);
  const server = [
    `Port ${String(port)}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${directory}/host_key`,
    `AuthorizedKeysFile ${directory}/user_key.pub`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'MaxStartups 1000',
    // Bash does not read the user's ~/.bashrc then, which may take as long as all the rest.
    'SetEnv SHLVL=1',
    'AllowStreamLocalForwarding yes',
  ];
  const client = [
    'Host sim*',
    '  HostName 127.0.0.1',
    `  Port ${String(port)}`,
    `  User ${userInfo().username}`,
    '  HostKeyAlias bench',
    `  IdentityFile ${directory}/user_key`,
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    `  UserKnownHostsFile ${directory}/known_hosts`,
    '  GlobalKnownHostsFile none',
  ];
  writeFileSync(join(directory, 'sshd_config'), `${server.join('\n')}\n`);
  writeFileSync(join(directory, 'ssh_config'), `${client.join('\n')}\n`);
  const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(directory, 'sshd_config')], {
    stdio: 'ignore',
  });
  await untilReachable('127.0.0.1', port, sshd);
  return sshd;
}
