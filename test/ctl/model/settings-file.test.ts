import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SettingsFile } from '../../../src/ctl/model/settings-file.js';

let directory: string;
before(() => (directory = mkdtempSync(join(tmpdir(), 'vsockctl-test-'))));
after(() => rmSync(directory, { recursive: true }));

/** A home of its own, with this in the file. */
function home(name: string, text: string | null): { environment: NodeJS.ProcessEnv; path: string } {
  const state = join(directory, name);
  const path = join(state, 'vsockctl', 'top.json');
  if (text !== null) {
    mkdirSync(join(state, 'vsockctl'), { recursive: true });
    writeFileSync(path, text);
  }
  return { environment: { XDG_STATE_HOME: state, HOME: directory }, path };
}

test('what is chosen is there the next time; nothing else is left behind', () => {
  const { environment, path } = home('new', null);
  const views = { flows: { columns: ['id', 'pid'], skipped: 2 }, vms: { columns: null, skipped: 0 } };
  const file = new SettingsFile(environment);
  assert.deepEqual([file.load(), file.problem], [{ wide: false, views: {} }, null]);
  assert.equal(file.save({ wide: true, views }), null);
  assert.deepEqual(new SettingsFile(environment).load(), { wide: true, views });
  assert.deepEqual(readdirSync(join(path, '..')), ['top.json']);
});

test('the file of an older and of a newer vsockctl', () => {
  assert.deepEqual(new SettingsFile(home('older', '{"wide":true}').environment).load(), {
    wide: true,
    views: {},
  });
  const text = '{"wide":true,"theme":"dark","views":{"maps":{"columns":null,"skipped":0,"zoom":2}}}';
  const { environment, path } = home('newer', text);
  const file = new SettingsFile(environment);
  const settings = file.load();
  assert.equal(file.save({ ...settings, wide: false }), null);
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { ...(JSON.parse(text) as object), wide: false });
});

test('a broken file is said, ignored, and left as it is', () => {
  for (const [name, text, why] of [
    ['no-json', '{"wide":', 'it is no JSON object'],
    ['a-list', '[]', 'it is no JSON object'],
    ['empty', '', 'it is no JSON object'],
    ['wrong', '{"wide":"very"}', '“wide” in it is not what it should be'],
    ['wrong-view', '{"views":{"flows":{"columns":[1]}}}', '“views.flows.columns.0” in it is not'],
  ] as const) {
    const { environment, path } = home(name, text);
    const file = new SettingsFile(environment);
    assert.deepEqual(file.load(), { wide: false, views: {} });
    assert.ok(file.problem?.startsWith(`${path} is ignored: ${why}`), file.problem ?? '');
    assert.equal(file.save({ wide: true, views: {} }), file.problem);
    assert.equal(readFileSync(path, 'utf8'), text);
  }
});

test('a directory in the place of the file is said in words', () => {
  const { environment, path } = home('directory', null);
  mkdirSync(path, { recursive: true });
  const file = new SettingsFile(environment);
  file.load();
  assert.match(
    file.problem ?? '',
    /top\.json is ignored: it cannot be read \(illegal operation on a directory\); mend/,
  );
});

test('as XDG has it, a relative path is not taken', () => {
  const environment = { XDG_STATE_HOME: 'relative', HOME: join(directory, 'home') };
  assert.equal(new SettingsFile(environment).save({ wide: true, views: {} }), null);
  assert.deepEqual(readdirSync(join(directory, 'home', '.local/state/vsockctl')), ['top.json']);
});
