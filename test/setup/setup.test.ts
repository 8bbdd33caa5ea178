import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missingPackages } from '../../src/setup/missing-packages.js';
import { includedPurposes, purposes, systemPackages } from '../../src/setup/system-packages.js';

const setupProgram = fileURLToPath(new URL('../../src/setup/main.js', import.meta.url));

const setup = (words: string[], path: string) =>
  spawnSync(process.execPath, [setupProgram, ...words], { env: { PATH: path }, encoding: 'utf8' });

test('each package is needed for something, and each purpose brings itself', () => {
  for (const { package: name, neededFor } of systemPackages) assert.ok(neededFor.length > 0, name);
  for (const purpose of purposes) assert.ok(includedPurposes[purpose].includes(purpose));
});

test('a system that has run the tests lacks nothing for them', () => {
  assert.deepEqual(missingPackages('test'), []);
});

test('where nothing can be installed, one line says what to install', () => {
  const { status, stdout, stderr } = setup(['build'], '/nonexistent');
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^vsocket: this system lacks gcc; install as root: apt-get install -y gcc\n$/);
});

test('a system that has everything is left alone, without a word', () => {
  const { status, stdout, stderr } = setup(['build'], process.env['PATH'] ?? '');
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
});

test('an unknown purpose is a usage error', () => {
  assert.equal(setup(['everything'], process.env['PATH'] ?? '').status, 2);
});
