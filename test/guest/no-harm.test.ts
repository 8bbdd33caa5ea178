import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compiled } from '../support/compiled.js';
import { Programs, type Way } from '../support/programs.js';

const library = new URL('../../libvsocket.so', import.meta.url).pathname;

/** What the traced threads asked of the kernel between the program’s marks, with addresses in memory left out. */
function tracedCalls(traces: string): string[] {
  let within = false;
  return traces.split('\n').flatMap((line) => {
    if (line.includes('the calls begin')) within = true;
    if (line.includes('the calls end')) within = false;
    return within ? [line.replaceAll(/0x[0-9a-f]+/g, 'ADDRESS')] : [];
  });
}

test('before a claim the calls of a program are the kernel’s, and there are no others', async () => {
  const never = 2 ** 31 - 1;
  const programs = await Programs.start({ upgradeAfterCalls: never, upgradeAfterBytes: never });
  const directory = mkdtempSync(join(tmpdir(), 'vsocket-trace-'));
  const callsWith = async (way: Way): Promise<{ traces: string; calls: string[] }> => {
    const own = join(directory, way);
    mkdirSync(own);
    // A file for each thread.
    const command = [
      'strace',
      '-ff',
      '-s',
      '500',
      '-o',
      join(own, 'trace'),
      compiled('all_calls.c'),
      '10.0.0.1',
    ];
    assert.deepEqual(await programs.run('a', command, way), { code: 0, output: '' });
    const traces = readdirSync(own).map((name) => readFileSync(join(own, name), 'utf8'));
    return { traces: traces.join(''), calls: traces.flatMap(tracedCalls) };
  };
  try {
    const plain = await callsWith('none');
    assert.ok(plain.calls.length > 150, `${plain.calls.length} calls`);
    const withLibrary = await callsWith('both');
    assert.match(withLibrary.traces, /SO_COOKIE/, 'the library’s note of the connection');
    assert.deepEqual(withLibrary.calls, plain.calls);
  } finally {
    await programs.close();
    rmSync(directory, { recursive: true });
  }
});

test('the library exports nothing but functions that the C library has, too', () => {
  const exportsOf = (file: string): string[] =>
    execFileSync('nm', ['--dynamic', '--defined-only', '--format=posix', file], { encoding: 'utf8' })
      .trim()
      .split('\n');
  const libc = execFileSync('gcc', ['-print-file-name=libc.so.6'], { encoding: 'utf8' }).trim();
  const known = new Set(exportsOf(libc).map((line) => line.split(/[@ ]/)[0]));
  const own = exportsOf(library).map((line) => line.split(' '));
  assert.ok(own.length > 50, `${own.length} names`);
  const strangers = own.filter(([name = '', type]) => !known.has(name) || (type !== 'T' && type !== 'W'));
  assert.deepEqual(strangers, []);
});
