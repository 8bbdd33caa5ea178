import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VsocketError } from '../errors/vsocket-error.js';

const directory = fileURLToPath(new URL('../../../test/other-node/', import.meta.url));

/** Installs the newer Node that the tests run programs on, unless what is there is as its lock file says. */
export function installOtherNode(): void {
  const changedAt = statSync(join(directory, 'package-lock.json')).mtimeMs;
  const installed = statSync(join(directory, 'node_modules/.package-lock.json'), { throwIfNoEntry: false });
  if (installed && installed.mtimeMs > changedAt) return;
  process.stderr.write('installing another Node for the tests (once)\n');
  const { status, stderr } = spawnSync('npm', ['ci', '--silent', '--no-bin-links'], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (status === 0) return;
  process.stderr.write(stderr);
  throw new VsocketError(
    'npm-failed',
    `npm ci in ${directory} failed`,
    'mend what it says above and run this again',
  );
}
