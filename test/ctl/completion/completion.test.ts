import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { allCommands } from '../../../src/ctl/commands/all-commands.js';
import { bashCompletion } from '../../../src/ctl/completion/bash.js';
import { fishCompletion } from '../../../src/ctl/completion/fish.js';
import { zshCompletion } from '../../../src/ctl/completion/zsh.js';

/** What a real bash offers for the last word. */
function bashOffers(...words: string[]): string[] {
  const script = `${bashCompletion(allCommands)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vsockctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['--norc', '-c', script, 'bash', 'vsockctl', ...words], {
    encoding: 'utf8',
  });
  return output.split('\n').filter((line) => line !== '');
}

test('bash completes commands, options and the values of each command’s options', () => {
  assert.deepEqual(bashOffers('fl'), ['flows']);
  assert.deepEqual(bashOffers('kill', '--dr'), ['--dry-run']);
  assert.deepEqual(bashOffers('flows', '-o', 'j'), ['json', 'jsonl']);
  assert.deepEqual(bashOffers('top', '--output', ''), ['table', 'json', 'jsonl']);
  assert.deepEqual(bashOffers('completion', 'z'), ['zsh']);
});

test('the other shells’ scripts name every option of every command', () => {
  for (const script of [zshCompletion(allCommands), fishCompletion(allCommands)]) {
    for (const command of allCommands) {
      assert.ok(script.includes(command.name));
      for (const option of command.options) assert.ok(script.includes(option.long), option.long);
    }
  }
});
