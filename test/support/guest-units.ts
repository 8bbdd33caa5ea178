import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { sanitizedUnits, sanitizers, type Sanitizer } from './sanitized.js';

const limitMilliseconds = 60_000;

/** Each of the guest library’s unit tests, in a process of its own. */
export function testUnits(sanitizer: Sanitizer): void {
  const program = sanitizedUnits(sanitizer);
  const names = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
  for (const name of names)
    test(name.replaceAll('_', ' '), () => {
      const { status, signal, stderr } = spawnSync(program, [name], {
        // Where nobody listens: the library is enabled, and alone.
        env: { ...process.env, VSOCKET_CHANNEL: '/dev/null/none', ...sanitizers[sanitizer].environment },
        encoding: 'utf8',
        timeout: limitMilliseconds,
        killSignal: 'SIGKILL',
      });
      assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '' });
    });
}
