import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { sshdCommand } from '../../ctl/support/ssh-server.js';
import { testEveryWay } from '../../support/every-way.js';
import { Programs, type Way } from '../../support/programs.js';

// Servers that shut themselves in: a seccomp sandbox, a chroot, a limit of memory.

const address = '10.0.0.2';
const content = randomBytes(3 << 20);

let programs: Programs;
let directory: string;

before(async () => {
  programs = await Programs.start();
  directory = mkdtempSync(join(tmpdir(), 'vsocket-programs-'));
  chmodSync(directory, 0o755);
  writeFileSync(join(directory, 'content'), content);
});

after(async () => {
  await programs.close();
  rmSync(directory, { recursive: true });
});

/** Runs a client that must not fail; what it printed. */
async function succeed(way: Way, ...client: string[]): Promise<string> {
  const { code, output } = await programs.run('a', client, way);
  assert.equal(code, 0, `${client.join(' ')}: ${output}`);
  return output;
}

function takeFile(name: string): Buffer {
  const path = join(directory, name);
  const bytes = readFileSync(path);
  rmSync(path);
  return bytes;
}

testEveryWay('sshd: a login, and files copied both ways by scp and sftp', () => programs, {
  carried: false,
  check: async (way) => {
    const keys = join(directory, 'ssh');
    const settings = ['LogLevel ERROR', 'Subsystem sftp /usr/lib/openssh/sftp-server'];
    const sshd = sshdCommand(keys, address, 2222, settings);
    const options = [
      ['IdentityFile', join(keys, 'user_key')],
      ['UserKnownHostsFile', '/dev/null'],
      ['StrictHostKeyChecking', 'no'],
      ['LogLevel', 'ERROR'],
      ['Port', '2222'],
    ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const user = `${userInfo().username}@${address}`;
    const server = await programs.serve(2222, sshd, way);
    try {
      const printed = await succeed(way, 'ssh', ...options, user, `base64 ${directory}/content`);
      assert.ok(content.equals(Buffer.from(printed, 'base64')));
      await succeed(way, 'scp', ...options, `${directory}/content`, `${user}:${directory}/uploaded`);
      assert.ok(content.equals(takeFile('uploaded')));
      await succeed(way, 'sftp', '-q', ...options, `${user}:${directory}/content`, `${directory}/downloaded`);
      assert.ok(content.equals(takeFile('downloaded')));
    } finally {
      await programs.stop(server);
    }
  },
});

testEveryWay('vsftpd: files put and taken over passive and active connections', () => programs, {
  carried: false,
  check: async (way) => {
    const site = join(directory, 'ftp');
    const incoming = join(site, 'incoming');
    const empty = join(directory, 'empty');
    for (const path of [incoming, empty]) mkdirSync(path, { recursive: true });
    const [user, group] = ['-u', '-g'].map((option) =>
      Number(execFileSync('id', [option, 'ftp'], { encoding: 'utf8' })),
    );
    chownSync(incoming, user!, group!);
    const settings = {
      listen: 'YES',
      listen_address: address,
      listen_port: 2121,
      background: 'NO',
      anonymous_enable: 'YES',
      anon_root: site,
      anon_upload_enable: 'YES',
      anon_world_readable_only: 'NO',
      write_enable: 'YES',
      port_enable: 'YES',
      secure_chroot_dir: empty,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(directory, 'vsftpd.conf'), lines.join(''));
    const server = await programs.serve(2121, ['vsftpd', join(directory, 'vsftpd.conf')], way);
    try {
      for (const [kind, options] of [
        ['passive', []],
        ['active', ['--ftp-port', '-']],
      ] as const) {
        const url = `ftp://${address}:2121/incoming/${kind}`;
        const file = `${directory}/downloaded`;
        const both = ['-T', `${directory}/content`, url, '--next', '-sS', ...options, '-o', file, url];
        await succeed(way, 'curl', '-sS', ...options, ...both);
        assert.ok(content.equals(takeFile('downloaded')), kind);
      }
    } finally {
      await programs.stop(server);
      rmSync(site, { recursive: true });
    }
  },
});
