import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { allCommands } from '../../../src/ctl/commands/all-commands.js';
import { manPages } from '../../../src/ctl/man/render-man.js';

const directory = new URL('../../../../man/', import.meta.url);

test('the pages that are checked in are those that the commands give', () => {
  const pages = manPages(allCommands);
  assert.deepEqual(readdirSync(directory).toSorted(), [...pages.keys()].toSorted());
  for (const [name, text] of pages) {
    assert.equal(readFileSync(new URL(name, directory), 'utf8'), text, `${name} is stale: npm run man`);
  }
});

test('every option of every command is in its page', () => {
  const pages = manPages(allCommands);
  for (const command of allCommands) {
    const text = pages.get(`vsockctl-${command.name}.1`)?.replaceAll('\\-', '-') ?? '';
    for (const option of command.options)
      assert.ok(text.includes(`--${option.long}`), `${command.name} --${option.long}`);
  }
});
