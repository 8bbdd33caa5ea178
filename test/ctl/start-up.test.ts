import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { allCommands } from '../../src/ctl/commands/all-commands.js';
import { commandsFor } from '../../src/ctl/commands/commands-for.js';
import { programFile } from './support/run-vsockctl.js';

const Coverage = z.object({ result: z.array(z.object({ url: z.string() })) });

/** What the installed program prints, and the files that it loads for it, as Node tells in its coverage report. */
function run(...words: string[]): { stdout: string; files: string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'vsockctl-test-'));
  try {
    const env = { PATH: process.env['PATH'], HOME: directory, NODE_V8_COVERAGE: directory };
    const { status, stdout, stderr } = spawnSync(programFile, words, { env, encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, ''], words.join(' '));
    const reports = readdirSync(directory).filter((name) => name.startsWith('coverage-'));
    const files = reports.flatMap((name) =>
      Coverage.parse(JSON.parse(readFileSync(join(directory, name), 'utf8'))).result.map(({ url }) => url),
    );
    return { stdout, files: files.filter((url) => url.startsWith('file:')) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('the version is told without loading any command', () => {
  const { stdout, files } = run('--version');
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  assert.ok(files.length > 0 && files.length <= 8, files.join('\n'));
});

test('a command is loaded when it is asked for, and the terminal UI only for top on a terminal', () => {
  const { stdout, files } = run('flows', '--help');
  assert.match(stdout, /^Usage: vsockctl flows /);
  assert.ok(
    files.some((file) => /\/flows-/.test(file)),
    files.join('\n'),
  );
  assert.ok(!files.some((file) => /\/(explain|run-ui|App)-/.test(file)), files.join('\n'));
  assert.equal(run('top', '--help').files.filter((file) => /\/(run-ui|App)-/.test(file)).length, 0);
});

test('every command is found by its name alone', async () => {
  for (const command of allCommands) {
    const [found] = await commandsFor([command.name]);
    assert.ok(found === command || command.name === 'completion', command.name);
  }
  assert.deepEqual(await commandsFor(['--debug', 'flows']), allCommands);
});
