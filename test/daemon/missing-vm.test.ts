import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lists } from '../../src/api/lists.js';
import { accepts } from '../../src/lab/unix-socket.js';
import type { HostConfig } from '../../src/config/host-config.js';
import type { Vm } from '../../src/api/vm.js';
import { TestNetwork } from './support/test-network.js';
import { TestVsockd } from './support/test-vsockd.js';

type VmName = 'one' | 'two';

/** A vsockd whose VM `two` is reached by links, so that it can go and come. */
class Host {
  readonly network = new TestNetwork();
  readonly vsockd: TestVsockd;
  readonly memory: string;
  readonly namespace: string;
  private readonly config: HostConfig;
  private readonly real: { memory: string; namespace: string };

  constructor() {
    this.config = this.network.config();
    const two = this.config.vms[1]!;
    this.real = { memory: two.memory.path, namespace: two.networkNamespace };
    mkdirSync(join(this.network.directory, 'links'));
    this.memory = two.memory.path = join(this.network.directory, 'links', 'memory');
    this.namespace = two.networkNamespace = join(this.network.directory, 'links', 'namespace');
    this.vsockd = new TestVsockd(this.network, this.config);
  }

  bring(what: 'memory' | 'namespace'): void {
    symlinkSync(this.real[what], this[what]);
  }

  async vm(name: VmName): Promise<Vm> {
    const { items } = lists.vms.answer.parse((await this.vsockd.get('/v1/vms')).body);
    return items.find((vm) => vm.name === name)!;
  }

  async untilProblem(name: VmName, expected: RegExp | null): Promise<void> {
    for (;;) {
      const { problem } = await this.vm(name);
      if (expected === null ? problem === null : expected.test(problem ?? '')) return;
      await sleep(100);
    }
  }

  serves(name: VmName): Promise<boolean> {
    return accepts(this.config.vms.find((vm) => vm.name === name)!.channel);
  }

  async close(): Promise<void> {
    await this.vsockd.stop();
    this.network.remove();
  }
}

/** Each on a host of its own, and all at once: most of their time is vsockd’s pauses between looks. */
describe('VMs that are missing', { concurrency: true }, () => {
  for (const [missing, present, problem] of [
    ['memory', 'namespace', /^its memory: ENOENT/],
    ['namespace', 'memory', /^its network namespace: ENOENT/],
  ] as const)
    test(`a VM without ${missing} is shown as such, stops no other VM, and is served when it is there`, async () => {
      const host = new Host();
      try {
        host.bring(present);
        await host.vsockd.start();
        assert.ok(await host.serves('one'));
        await host.untilProblem('two', problem);
        assert.equal((await host.vm('one')).problem, null);
        assert.ok(!(await host.serves('two')));
        host.bring(missing);
        await host.untilProblem('two', null);
        assert.ok(await host.serves('two'));
        assert.equal(host.vsockd.log.match(/the VM cannot be served/g)?.length, 1, 'it is logged once');
        assert.ok(!host.vsockd.log.includes('the data plane ended'));
      } finally {
        await host.close();
      }
    });

  test('a VM that goes away while it is served is shown as such, and again as served when it is back', async () => {
    const host = new Host();
    try {
      host.bring('memory');
      host.bring('namespace');
      await host.vsockd.start();
      await host.untilProblem('two', null);
      renameSync(host.namespace, `${host.namespace}-away`);
      await host.untilProblem('two', /^its network namespace: ENOENT/);
      assert.equal((await host.vm('one')).problem, null);
      renameSync(`${host.namespace}-away`, host.namespace);
      await host.untilProblem('two', null);
      rmSync(host.namespace);
      symlinkSync(`/run/netns/${host.network.one.namespace}`, host.namespace);
      await host.untilProblem('two', /another one now: restart vsockd$/);
    } finally {
      await host.close();
    }
  });
});
