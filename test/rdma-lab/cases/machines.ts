import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { labOk } from '../../lab/support/lab-program.js';
import type { RdmaLab } from '../support/rdma-lab.js';

/** The machines themselves: reached from outside, with RDMA, and their VMs joined by the overlay. */
export function machineCases(shared: () => RdmaLab): void {
  test('all of it runs, and up again changes nothing', async () => {
    const { name } = shared();
    const status = await shared().status();
    assert.equal(status.state, 'up');
    assert.ok(status.hosts.every(({ machine }) => machine?.running === true));
    assert.match(await labOk('up', '--rdma', '--name', name), /was up already/);
  });

  test('ssh reaches each machine, its host key checked', () => {
    const config = shared().paths.sshConfig;
    for (const host of ['hv1', 'hv2']) {
      const answer = execFileSync('ssh', ['-F', config, host, 'hostname; uname -r'], { encoding: 'utf8' });
      assert.match(answer, new RegExp(`^${host}\n\\S+-amd64\n$`));
    }
  });

  test('vsockctl reaches both vsockds', async () => {
    const { code, stdout, stderr } = await shared().vsockctl('hosts', '-o', 'json');
    assert.equal(code, 0, stderr);
    for (const host of ['hv1', 'hv2']) assert.match(stdout, new RegExp(`"${host}"`));
  });

  test('exec passes input, output, exit code and signals', async () => {
    const { name } = shared();
    const failing = shared().spawnInVm('red1', ['sh', '-c', 'cat; hostname; echo wrong >&2; exit 7']);
    let [stdout, stderr] = ['', ''];
    failing.stdout!.on('data', (text: Buffer) => (stdout += text.toString()));
    failing.stderr!.on('data', (text: Buffer) => (stderr += text.toString()));
    failing.stdin!.end('both ways\n');
    assert.deepEqual(await once(failing, 'close'), [7, null], `lab ${name}`);
    assert.deepEqual([stdout, stderr], ['both ways\nred1\n', 'wrong\n']);
    const sleeper = shared().spawnOnHost('hv2', 'sh', '-c', 'echo started; exec sleep 1000');
    await once(sleeper.stdout!, 'data');
    sleeper.kill('SIGTERM');
    assert.deepEqual(await once(sleeper, 'close'), [null, 'SIGTERM']);
  });

  test('each machine has an RDMA device that is up, and RDMA goes from one to the other', async () => {
    for (const host of ['hv1', 'hv2'])
      assert.match(await shared().onHost(host, 'rdma', 'link'), /^link rxe0\/1 state ACTIVE .*netdev rdma0/);
    const server = shared().spawnOnHost('hv2', 'rping', '-s', '-a', '198.51.100.2', '-C', '3', '-v');
    const ended = once(server, 'close');
    let heard = '';
    server.stdout!.on('data', (text: Buffer) => (heard += text.toString()));
    await shared().until('rping listens', async () =>
      (await shared().onHost('hv2', 'rdma', 'resource', 'show', 'cm_id')).includes('LISTEN'),
    );
    await shared().onHost('hv1', 'rping', '-c', '-a', '198.51.100.2', '-C', '3');
    await ended;
    assert.equal(heard.match(/ping data/g)?.length, 3, heard);
  });

  test('the overlay joins VMs on two machines, and no tenant hears of another', async () => {
    await shared().inVm('red1', ['ping', '-c', '2', '-W', '5', '10.0.0.3'], { plain: true });
    const server = shared().spawnInVm('red3', ['iperf3', '--server', '--one-off'], { plain: true });
    const ended = once(server, 'close');
    await shared().untilListens('red3', 5201);
    const words = ['iperf3', '--client', '10.0.0.3', '--bytes', '4M', '--json'];
    const report = JSON.parse(await shared().inVm('red1', words, { plain: true })) as {
      end: { sum_received: { bytes: number } };
    };
    // The server stops to count when the client says that it is done; what is on the way then is not in it.
    assert.ok(report.end.sum_received.bytes > 1024 * 1024, JSON.stringify(report.end.sum_received));
    await ended;
    // Who listened was red3: blue3 at the same address has no listener, and answers with a reset at once.
    await assert.rejects(shared().inVm('blue1', ['socat', '-', 'TCP:10.0.0.3:5201'], { plain: true }));
  });
}
