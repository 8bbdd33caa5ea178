import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FixtureFleet } from '../support/fixture-fleet.js';
import { runVsockctl } from '../support/run-vsockctl.js';
import { freePort } from '../../../src/lab/machine/free-port.js';
import { makeKey } from '../support/ssh-server.js';

let fleet: FixtureFleet;
before(async () => {
  fleet = await FixtureFleet.start(4);
});
after(() => fleet.stop());

const hosts = (): ReturnType<FixtureFleet['run']> =>
  fleet.run('hosts', '--host', 'alpha', '-o', 'name', '--timeout', '20');

test('ProxyCommand', async () => {
  const port = String(fleet.ssh.port);
  const relay = join(fleet.directory, 'relay.mjs');
  writeFileSync(
    relay,
    "import { connect } from 'node:net';\nconst s = connect(+process.argv[2], '127.0.0.1');\nprocess.stdin.pipe(s).pipe(process.stdout);\n",
  );
  fleet.configure(
    fleet.ssh.clientConfig('alpha', { extra: [`ProxyCommand ${process.execPath} ${relay} %p`] }),
  );
  assert.deepEqual(await hosts(), { code: 0, stdout: 'alpha\n', stderr: '' });
  fleet.configure(
    fleet.ssh.clientConfig('alpha', { extra: [`ProxyCommand sh -c 'echo no way to ${port} >&2; false'`] }),
  );
  const { code, stderr } = await hosts();
  assert.equal(code, 5);
  assert.match(stderr, /the ProxyCommand for alpha ended with status 1: no way to \d+; try it by hand\n$/);
});

test('ProxyJump, also through two hosts', async () => {
  const jumps = fleet.ssh.clientConfig('jump1 jump2');
  for (const way of ['jump1', 'jump1,jump2']) {
    fleet.configure(jumps + fleet.ssh.clientConfig('alpha', { extra: [`ProxyJump ${way}`] }));
    assert.deepEqual(await hosts(), { code: 0, stdout: 'alpha\n', stderr: '' });
  }
});

test('the jump host’s key is checked like any other', async () => {
  const empty = join(fleet.directory, 'empty');
  writeFileSync(empty, '');
  const jump = fleet.ssh.clientConfig('jump1', { knownHosts: empty });
  fleet.configure(jump + fleet.ssh.clientConfig('alpha', { extra: ['ProxyJump jump1'] }));
  assert.equal((await hosts()).code, 4);
});

test('a loop of jump hosts ends', async () => {
  fleet.configure(
    fleet.ssh.clientConfig('alpha', { extra: ['ProxyJump beta'] }) +
      fleet.ssh.clientConfig('beta', { extra: ['ProxyJump alpha'] }),
  );
  const { code, stderr } = await hosts();
  assert.equal(code, 2);
  assert.match(stderr, /look for a loop in ProxyJump/);
});

test('a key from the agent', async () => {
  const socket = join(fleet.directory, 'agent.sock');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    await once(agent.stdout, 'data');
    const key = join(fleet.ssh.directory, 'user_key');
    const publicKey = join(fleet.directory, 'agent_key');
    execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
    execFileSync('cp', [`${key}.pub`, `${publicKey}.pub`]);
    const config = fleet.ssh.clientConfig('alpha', { identity: publicKey });
    fleet.configure(config.replace('IdentityAgent none', `IdentityAgent ${socket}`));
    assert.deepEqual(await hosts(), { code: 0, stdout: 'alpha\n', stderr: '' });
  } finally {
    agent.kill();
    await once(agent, 'exit');
    rmSync(socket, { force: true });
  }
});

test('a key that the host does not accept', async () => {
  const wrong = join(fleet.directory, 'wrong_key');
  makeKey(wrong, 'ed25519');
  fleet.configure(fleet.ssh.clientConfig('alpha', { identity: wrong }));
  const { code, stderr } = await hosts();
  assert.equal(code, 4);
  assert.match(
    stderr,
    /^vsockctl: alpha: 127\.0\.0\.1 port \d+ refused user \S+: offered: \S+wrong_key; check the key/,
  );
});

test('nobody listens', async () => {
  const port = await freePort();
  fleet.configure(fleet.ssh.clientConfig('alpha').replace(/Port \d+/, `Port ${String(port)}`));
  const { code, stderr } = await hosts();
  assert.equal(code, 5);
  assert.match(stderr, /^vsockctl: alpha: cannot connect to 127\.0\.0\.1 port \d+: connection refused; /);
});

test('somebody listens and says nothing', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  fleet.configure(fleet.ssh.clientConfig('alpha').replace(/Port \d+/, `Port ${String(port)}`));
  const { code, stderr } = await runVsockctl(
    ['hosts', '--host', 'alpha', '--timeout', '0.5'],
    fleet.environment,
  );
  silent.close();
  assert.equal(code, 5);
  assert.match(stderr, /^vsockctl: alpha: no answer within 0\.5 s/);
});

test('sshd does not allow channels to sockets', async () => {
  const strict = await FixtureFleet.start(1, ['AllowStreamLocalForwarding no']);
  try {
    strict.configure(strict.ssh.clientConfig('alpha'));
    const { code, stderr } = await strict.run('hosts', '--host', 'alpha');
    assert.equal(code, 5);
    assert.match(stderr, /cannot open \S+read\.sock \(open failed\); .*AllowStreamLocalForwarding\n$/);
  } finally {
    await strict.stop();
  }
});

test('a name that ssh would take for an option is no host', async () => {
  for (const name of ['-oProxyCommand=true', 'a;b', '$(id)']) {
    const { code, stderr } = await fleet.run('hosts', `--host=${name}`);
    assert.equal(code, 2);
    assert.match(stderr, /is no host name; name hosts as ssh does\n$/);
  }
});
