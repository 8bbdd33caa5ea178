import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, truncateSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabStatus } from '../../src/lab/status.js';
import {
  inBackground,
  lab,
  labOk,
  labProgram,
  mountsOf,
  processesLeft,
  untilRuns,
} from './support/lab-program.js';

const first = `life-${process.pid}`;
const second = `more-${process.pid}`;

async function statusOf(name: string): Promise<LabStatus> {
  return JSON.parse((await lab(['status', '--name', name, '-o', 'json'])).stdout) as LabStatus;
}

async function untilUp(name: string): Promise<LabStatus> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const status = await statusOf(name);
    if (status.state === 'up') return status;
    await sleep(50);
  }
  return assert.fail(`lab ${name} does not come up again`);
}

/** Nothing of the lab is left on the machine. */
function assertGone(status: LabStatus): void {
  assert.deepEqual(processesLeft(), []);
  assert.deepEqual(mountsOf(status.directory), []);
  assert.ok(!existsSync(status.directory));
}

describe('the lab’s life', { concurrency: false }, () => {
  after(async () => {
    for (const name of [first, second]) await lab(['down', '--name', name]);
  });

  test('up, and up again: the second changes nothing', async () => {
    assert.match(await labOk('up', '--name', first), /is up$/m);
    const before = await statusOf(first);
    assert.equal(before.state, 'up');
    assert.match(await labOk('up', '--name', first), /was up already/);
    assert.deepEqual(await statusOf(first), before);
  });

  test('ssh reaches each host with nothing but the printed configuration', async () => {
    const script =
      'eval "$("$0" env --name "$1")"; for host in hv1 hv2; do ssh -F "$VSOCKCTL_SSH_CONFIG" $host hostname; done';
    const answer = execFileSync('sh', ['-c', script, labProgram, first], { encoding: 'utf8' });
    assert.equal(answer, 'hv1\nhv2\n');
  });

  test('exec passes input, output, exit code and signals', async () => {
    const words = ['exec', '--name', first, 'red1', '--plain', '--'];
    assert.equal((await lab([...words, 'cat'], { input: 'both ways' })).stdout, 'both ways');
    const failing = await lab([...words, 'sh', '-c', 'hostname; echo wrong >&2; exit 7']);
    assert.deepEqual(failing, { stdout: 'red1\n', stderr: 'wrong\n', code: 7, signal: null });
    const sleeper = inBackground(first, 'red1', 'sleep', '1000');
    await untilRuns(sleeper, 'sleep');
    sleeper.kill('SIGTERM');
    assert.deepEqual(await once(sleeper, 'close'), [null, 'SIGTERM']);
    // A program that writes to a closed pipe must end: Node’s own way with SIGPIPE is not passed on.
    assert.equal((await lab([...words, 'sh', '-c', 'yes | head -n 1; echo done'])).stdout, 'y\ndone\n');
  });

  test('a mistake is one line that says what to do', async () => {
    for (const words of [
      ['exec', 'green1', '--', 'true'],
      ['up', '--name', '../x'],
      ['exec', '--name', 'absent', 'red1', '--', 'true'],
    ]) {
      const { stderr, code } = await lab(words);
      assert.match(stderr, /^vsocket-lab: [^\n]+; [^\n]+\n$/);
      assert.notEqual(code, 0);
    }
  });

  test('a VM has the guest library, its own channel in sight and no other’s, and memory that cannot shrink', async () => {
    const { directory, vms } = await statusOf(first);
    const inVm = (...command: string[]) => lab(['exec', '--name', first, 'red1', '--', ...command]);
    assert.equal((await inVm('ls', '/run')).stdout, 'vsocket\n');
    assert.equal((await inVm('test', '-e', directory)).code, 1);
    const variables = (await inVm('env')).stdout.split('\n');
    assert.ok(variables.some((line) => /^LD_PRELOAD=\/.*\/dist\/libvsocket\.so$/.test(line)));
    assert.ok(variables.includes('VSOCKET_CHANNEL=/run/vsocket/channel.sock'));
    const memory = vms.find(({ name }) => name === 'red1')!.memory!;
    const fd = openSync(memory, 'r+');
    assert.equal(fstatSync(fd).size, 1024 * 1024 * 1024);
    closeSync(fd);
    assert.throws(() => truncateSync(memory, 4096), { code: 'EPERM' });
  });

  test('vsockd killed comes back', async () => {
    const before = await statusOf(first);
    process.kill(before.hosts[0]!.vsockd.pid!, 'SIGKILL');
    for (
      let attempt = 0;
      (await statusOf(first)).hosts[0]!.vsockd.pid === before.hosts[0]!.vsockd.pid;
      attempt++
    ) {
      assert.ok(attempt < 200, 'vsockd is not started again');
      await sleep(50);
    }
    await untilUp(first);
  });

  test('two labs side by side: taking one down leaves the other alone', async () => {
    await labOk('up', '--name', second);
    const doomed = await statusOf(first);
    await labOk('down', '--name', first);
    await labOk('down', '--name', first);
    assert.equal((await statusOf(first)).state, 'down');
    assert.deepEqual(mountsOf(doomed.directory), []);
    assert.equal((await statusOf(second)).state, 'up');
  });

  test('whatever is killed, up brings all of it back', async () => {
    const { hosts, vms } = await statusOf(second);
    const pids = [hosts[0]!.holder.pid!, hosts[1]!.sshd.pid!, hosts[1]!.supervisor.pid!, vms[3]!.holder.pid!];
    for (const pid of pids) {
      process.kill(pid, 'SIGKILL');
      while (existsSync(`/proc/${pid}/exe`) && isAlive(pid)) await sleep(10);
    }
    assert.equal((await statusOf(second)).state, 'broken');
    await labOk('up', '--name', second);
    assert.equal((await statusOf(second)).state, 'up');
  });

  test('down ends what runs in the VMs, with all of its namespaces held, and leaves nothing', async () => {
    const status = await statusOf(second);
    const program = inBackground(second, 'blue3', 'sleep', '1000');
    const stray = spawn('nsenter', [`--net=${status.vms[0]!.networkNamespace}`, 'sleep', '1000'], {
      stdio: 'ignore',
    });
    for (const child of [program, stray]) await untilRuns(child, 'sleep');
    const ended = Promise.all([once(program, 'close'), once(stray, 'close')]);
    await labOk('down', '--name', second);
    assert.deepEqual(await ended, [
      [null, 'SIGKILL'],
      [null, 'SIGKILL'],
    ]);
    assertGone(status);
  });

  test('up killed half-way leaves nothing that down does not find', async () => {
    for (const killAfter of [100, 200, 300, 500, 800]) {
      await lab(['up', '--name', second], { killAfter });
      const status = await statusOf(second);
      await labOk('down', '--name', second);
      assertGone(status);
    }
  });
});

function isAlive(pid: number): boolean {
  return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
