import { spawnSync } from 'node:child_process';
import { VsocketError } from '../errors/vsocket-error.js';
import { missingPackages } from './missing-packages.js';
import { withoutServiceStarts } from './service-policy.js';
import type { Purpose } from './system-packages.js';

const aptOptions = ['-qq', '-o', 'DPkg::Lock::Timeout=120', '-o', 'APT::Install-Recommends=false'];

/**
 * Installs what a purpose needs and the system lacks; says and does nothing when nothing is missing.
 * @throws VsocketError that says what to install, where it cannot be done here
 */
export function installPackages(purpose: Purpose): void {
  const missing = missingPackages(purpose);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) {
    const remedy = `install as root: apt-get install -y ${missing.join(' ')}`;
    throw new VsocketError('missing-packages', `this system lacks ${missing.join(', ')}`, remedy);
  }
  process.stderr.write(`installing ${missing.join(', ')} (once)\n`);
  withoutServiceStarts(() => {
    aptGet('update');
    aptGet('install', '-y', ...missing);
  });
  const left = missingPackages(purpose);
  if (left.length > 0) {
    throw new VsocketError(
      'missing-packages',
      `${left.join(', ')} installed, but what they bring is not there`,
    );
  }
}

function aptGet(...args: string[]): void {
  const { status, stdout, stderr } = spawnSync('apt-get', [...aptOptions, ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return;
  process.stderr.write(stdout + stderr);
  throw new VsocketError(
    'apt-failed',
    `apt-get ${args.join(' ')} failed`,
    'mend what it says above and run this again',
  );
}
