import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FixtureFleet } from '../support/fixture-fleet.js';
import { makeKey } from '../support/ssh-server.js';

let fleet: FixtureFleet;
before(async () => {
  fleet = await FixtureFleet.start(4);
});
after(() => fleet.stop());

const hosts = (): ReturnType<FixtureFleet['run']> => fleet.run('hosts', '--host', 'alpha', '-o', 'name');

function useKnownHosts(text: string, extra: string[] = []): string {
  const knownHosts = join(fleet.directory, 'known_hosts');
  writeFileSync(knownHosts, text);
  fleet.configure(fleet.ssh.clientConfig('alpha', { knownHosts, extra }));
  return knownHosts;
}

const place = (): string => `[127.0.0.1]:${String(fleet.ssh.port)}`;

test('an unknown host key is refused, whatever StrictHostKeyChecking says', async () => {
  for (const value of ['no', 'off', 'accept-new', 'ask']) {
    const file = useKnownHosts('', [`StrictHostKeyChecking ${value}`]);
    const { code, stdout, stderr } = await hosts();
    assert.equal(code, 4);
    assert.equal(stdout, 'alpha\n');
    assert.match(
      stderr,
      /^vsockctl: alpha: the host key of 127\.0\.0\.1 port \d+ is not known: .*SHA256:.*\n$/,
    );
    assert.equal(readFileSync(file, 'utf8'), '');
  }
});

test('a changed host key is refused and named', async () => {
  makeKey(join(fleet.directory, 'other'), 'ed25519');
  const other = readFileSync(join(fleet.directory, 'other.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  useKnownHosts(`# first line\n${place()} ${other}\n`);
  const { code, stderr } = await hosts();
  assert.equal(code, 4);
  assert.match(
    stderr,
    /has changed.*known_hosts:2; if that is right: ssh-keygen -R '\[127\.0\.0\.1\]:\d+'\n$/,
  );
});

test('a revoked host key is refused although it is known', async () => {
  const key = fleet.ssh.publicKey('ed25519');
  useKnownHosts(`${place()} ${key}\n@revoked * ${key}\n`);
  const { code, stderr } = await hosts();
  assert.equal(code, 4);
  assert.match(stderr, /is revoked by .*known_hosts:2/);
});

test('RevokedHostKeys is kept to, and without a list that can be read nothing passes', async () => {
  const key = fleet.ssh.publicKey('ed25519');
  const list = join(fleet.directory, 'revoked');
  writeFileSync(list, `# revoked\n${key}\n`);
  useKnownHosts(`${place()} ${key}\n`, [`RevokedHostKeys ${list}`]);
  const { code, stderr } = await hosts();
  assert.equal(code, 4);
  assert.match(stderr, /is revoked by \S+revoked:2/);
  execFileSync('ssh-keygen', [
    '-q',
    '-k',
    '-f',
    join(fleet.directory, 'krl'),
    join(fleet.ssh.directory, 'host_rsa.pub'),
  ]);
  for (const file of ['krl', 'missing']) {
    useKnownHosts(`${place()} ${key}\n`, [`RevokedHostKeys ${join(fleet.directory, file)}`]);
    assert.equal((await hosts()).code, 2);
  }
});

test('a certificate authority alone is said to be out of reach', async () => {
  useKnownHosts(`@cert-authority * ${fleet.ssh.publicKey('rsa')}\n`);
  const { code, stderr } = await hosts();
  assert.equal(code, 4);
  assert.match(stderr, /certificate authority only, which vsockctl cannot check/);
});

test('a key of any type that is known is asked for', async () => {
  for (const type of ['rsa', 'ed25519']) {
    useKnownHosts(`${place()} ${fleet.ssh.publicKey(type)}\n`);
    assert.deepEqual(await hosts(), { code: 0, stdout: 'alpha\n', stderr: '' });
  }
});

test('hashed names, patterns and aliases are understood', async () => {
  const key = fleet.ssh.publicKey('ed25519');
  const file = useKnownHosts(`${place()} ${key}\n`);
  execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
  assert.doesNotMatch(readFileSync(file, 'utf8'), /127\.0\.0\.1/);
  assert.equal((await hosts()).code, 0);
  useKnownHosts(`*.example,[127.0.0.*]:* ${key}\n`);
  assert.equal((await hosts()).code, 0);
  useKnownHosts(`the-alias ${key}\n`, ['HostKeyAlias the-alias']);
  assert.equal((await hosts()).code, 0);
  const other = useKnownHosts('', ['HostKeyAlias another']);
  appendFileSync(other, `the-alias ${key}\n`);
  assert.equal((await hosts()).code, 4);
});
