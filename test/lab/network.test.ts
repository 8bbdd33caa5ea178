import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { vmPrefix } from '../../src/rules/nft/names.js';
import { inBackground, lab, labOk } from './support/lab-program.js';

const name = `net-${process.pid}`;
const port = 7000;

const inVm = (vm: string, ...command: string[]) =>
  lab(['exec', '--name', name, vm, '--plain', '--', ...command]);

/** Says who answers at an address: each server prints its VM’s host name. */
async function whoAnswers(vm: string, address: string, options = ''): Promise<string> {
  const { stdout } = await inVm(
    vm,
    'socat',
    '-T2',
    '-',
    `TCP:${address}:${port},connect-timeout=1${options}`,
  );
  return stdout.trim();
}

async function untilAnswers(vm: string, address: string, expected: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    if ((await whoAnswers(vm, address)) === expected) return;
    await sleep(100);
  }
  assert.fail(`${vm} does not reach ${expected} at ${address}`);
}

async function droppedPackets(host: string): Promise<number> {
  const status = JSON.parse(await labOk('status', '--name', name, '-o', 'json')) as {
    hosts: { name: string; networkNamespace: string }[];
  };
  const network = status.hosts.find((each) => each.name === host)!.networkNamespace;
  const { execFileSync } = await import('node:child_process');
  const counter = `${vmPrefix('red1')}_spoof`;
  const words = [`--net=${network}`, 'nft', 'list', 'counter', 'bridge', 'vsocket', counter];
  return Number(/packets (\d+)/.exec(execFileSync('nsenter', words, { encoding: 'utf8' }))![1]);
}

describe('the lab’s networks', () => {
  before(async () => {
    await labOk('up', '--name', name);
    for (const vm of ['red2', 'red3', 'blue2']) {
      inBackground(name, vm, 'socat', `TCP-LISTEN:${port},reuseaddr,fork`, 'EXEC:hostname');
    }
    await untilAnswers('red1', '10.0.0.2', 'red2');
  });
  after(() => labOk('down', '--name', name));

  test('tenants use the same addresses and never meet', async () => {
    await untilAnswers('blue1', '10.0.0.2', 'blue2');
    assert.equal(await whoAnswers('red1', '10.0.0.2'), 'red2');
    // Nobody listens on blue3; red3, at the same address, does.
    assert.equal(await whoAnswers('blue1', '10.0.0.3'), '');
  });

  test('the overlay joins a tenant’s VMs on two hosts, with room for its headers', async () => {
    await untilAnswers('red1', '10.0.0.3', 'red3');
    const [link] = JSON.parse((await inVm('red1', 'ip', '-j', 'link', 'show', 'eth0')).stdout) as {
      mtu: number;
    }[];
    assert.equal(link!.mtu, 1450);
    // Whole packets pass: 64 KiB need more than 40 of them.
    const receiver = inVm('red3', 'socat', '-u', 'TCP-LISTEN:7001,reuseaddr', '-');
    const sent = 'x'.repeat(64 * 1024);
    await inVm(
      'red1',
      'socat',
      '-u',
      `EXEC:head -c ${sent.length} /dev/zero`,
      'TCP:10.0.0.3:7001,retry=50,interval=0.1',
    );
    assert.equal((await receiver).stdout.length, sent.length);
  });

  test('a VM that sends from an address that is not its own is cut off, and counted', async () => {
    const before = await droppedPackets('hv1');
    assert.equal((await inVm('red1', 'ip', 'address', 'add', '10.0.0.9/24', 'dev', 'eth0')).code, 0);
    assert.equal(await whoAnswers('red1', '10.0.0.2', ',bind=10.0.0.9'), '');
    assert.ok((await droppedPackets('hv1')) > before);
    assert.equal((await inVm('red1', 'ip', 'address', 'del', '10.0.0.9/24', 'dev', 'eth0')).code, 0);
    assert.equal(await whoAnswers('red1', '10.0.0.2'), 'red2');
  });

  test('a VM that sends from a MAC that is not its own is cut off', async () => {
    const ownMac = '02:76:00:00:64:01';
    await inVm('red1', 'ip', 'link', 'set', 'eth0', 'address', '02:76:00:00:64:77');
    assert.equal(await whoAnswers('red1', '10.0.0.2'), '');
    await inVm('red1', 'ip', 'link', 'set', 'eth0', 'address', ownMac);
    await untilAnswers('red1', '10.0.0.2', 'red2');
  });
});
