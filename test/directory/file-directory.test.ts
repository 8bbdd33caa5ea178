import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileDirectory } from '../../src/directory/file-directory.js';
import { VsocketError } from '../../src/errors/vsocket-error.js';

const first = {
  hosts: [{ name: 'hv1', address: '192.0.2.1', port: 7471 }],
  vms: [{ name: 'red1', vni: 100, addresses: ['10.0.0.1', 'fd00:0::1'], host: 'hv1' }],
};

async function withFile(use: (file: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vsocket-directory-'));
  try {
    await use(join(folder, 'directory.json'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10);
}

test('VMs are found by network and address, and a changed or replaced file is read again', () =>
  withFile(async (file) => {
    writeFileSync(file, JSON.stringify(first));
    const problems: string[] = [];
    const directory = new FileDirectory(file, (problem) => problems.push(problem));
    let changes = 0;
    directory.onChange(() => changes++);
    try {
      assert.deepEqual(directory.find(100, '10.0.0.1'), { host: 'hv1', name: 'red1' });
      assert.deepEqual(directory.find(100, 'fd00::1'), { host: 'hv1', name: 'red1' });
      assert.equal(directory.find(200, '10.0.0.1'), null);
      writeFileSync(`${file}.new`, JSON.stringify({ ...first, vms: [{ ...first.vms[0], host: 'hv2' }] }));
      renameSync(`${file}.new`, file);
      await until(() => changes === 1);
      assert.equal(directory.find(100, '10.0.0.1')?.host, 'hv2');
      writeFileSync(file, '{"hosts":[{"name":"hv1","address":"nowhere","port":1}],"vms":[]}');
      await until(() => problems.length === 1);
      assert.match(problems[0] ?? '', /directory.json: hosts.0.address/);
      assert.equal(directory.find(100, '10.0.0.1')?.host, 'hv2', 'what was known stays');
    } finally {
      directory.close();
    }
  }));

test('a file that is not there is one line that names it', () =>
  withFile(async (file) => {
    assert.throws(
      () => new FileDirectory(file, () => undefined),
      (error) => error instanceof VsocketError && error.line.includes(file) && !error.line.includes('\n'),
    );
    return Promise.resolve();
  }));
