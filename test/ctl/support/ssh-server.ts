import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../src/lab/machine/free-port.js';
import { untilReachable } from '../../../src/lab/machine/until-reachable.js';

/** A real OpenSSH sshd on a free port of 127.0.0.1 with host and user keys of its own. */
export class SshServer {
  private constructor(
    readonly directory: string,
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly address: string,
  ) {}

  /** @param namespace a network namespace to serve in, at `address` */
  static async start(
    directory: string,
    settings: readonly string[] = [],
    address = '127.0.0.1',
    namespace: string | null = null,
  ): Promise<SshServer> {
    const port = await freePort();
    const command = sshdCommand(directory, address, port, settings);
    const inside = namespace === null ? [] : ['ip', 'netns', 'exec', namespace];
    const [file, ...words] = [...inside, ...command] as [string, ...string[]];
    const child = spawn(file, words, { stdio: 'ignore' });
    await untilReachable(address, port, child);
    return new SshServer(directory, port, child, address);
  }

  /** A stanza for the client's configuration. `knownHosts` and `identity` default to what is right. */
  clientConfig(
    alias: string,
    overrides: { knownHosts?: string; identity?: string; extra?: string[] } = {},
  ): string {
    const lines = [
      `Host ${alias}`,
      `  HostName ${this.address}`,
      `  Port ${String(this.port)}`,
      `  User ${userInfo().username}`,
      `  IdentityFile ${overrides.identity ?? join(this.directory, 'user_key')}`,
      '  IdentitiesOnly yes',
      '  IdentityAgent none',
      `  UserKnownHostsFile ${overrides.knownHosts ?? this.knownHosts()}`,
      '  GlobalKnownHostsFile none',
      ...(overrides.extra ?? []).map((line) => `  ${line}`),
    ];
    return `${lines.join('\n')}\n`;
  }

  /** A known_hosts file with the keys of these types. */
  knownHosts(
    types: readonly string[] = ['ed25519', 'rsa'],
    name = `[${this.address}]:${String(this.port)}`,
  ): string {
    const file = join(this.directory, `known_hosts_${types.join('_')}`);
    writeFileSync(file, types.map((type) => `${name} ${this.publicKey(type)}\n`).join(''));
    return file;
  }

  /** Type and key in base64. */
  publicKey(type: string): string {
    return readFileSync(join(this.directory, `host_${type}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ');
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Processes of sshd that serve connections. */
  sessions(): number[] {
    return descendants(this.pid);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill();
    await once(this.child, 'exit');
  }
}

/** Processes that a process has started, and theirs. */
function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
  return children
    .split(' ')
    .filter((text) => text.trim() !== '')
    .map(Number)
    .flatMap((child) => [child, ...descendants(child)]);
}

/** Makes keys and a configuration in a directory; the command for an sshd with them. */
export function sshdCommand(
  directory: string,
  address: string,
  port: number,
  settings: readonly string[] = [],
): string[] {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // sshd wants its privilege separation directory, which Debian makes only when its own service starts.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  makeKey(join(directory, 'host_ed25519'), 'ed25519');
  makeKey(join(directory, 'host_rsa'), 'rsa');
  makeKey(join(directory, 'user_key'), 'ed25519');
  const config = [
    // sshd takes the first value that it reads.
    ...settings,
    `Port ${String(port)}`,
    `ListenAddress ${address}`,
    `HostKey ${directory}/host_ed25519`,
    `HostKey ${directory}/host_rsa`,
    `AuthorizedKeysFile ${directory}/user_key.pub`,
    `PidFile ${directory}/sshd.pid`,
    'AllowStreamLocalForwarding yes',
    'AllowTcpForwarding yes',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'StrictModes no',
    'UsePAM no',
  ];
  writeFileSync(join(directory, 'sshd_config'), `${config.join('\n')}\n`);
  return ['/usr/sbin/sshd', '-D', '-e', '-f', join(directory, 'sshd_config')];
}

/** Makes a key pair without a passphrase, once. */
export function makeKey(path: string, type: 'ed25519' | 'rsa'): void {
  if (existsSync(path)) return;
  const bits = type === 'rsa' ? ['-b', '2048'] : [];
  execFileSync('ssh-keygen', ['-q', '-t', type, ...bits, '-N', '', '-f', path]);
}
