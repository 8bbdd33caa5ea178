import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** Debian’s packages ask this program before they start a service (invoke-rc.d(8)). */
const policyFile = '/usr/sbin/policy-rc.d';

/** While `install` runs, no package starts its service: the project needs programs, not daemons of the system’s. */
export function withoutServiceStarts(install: () => void): void {
  // A policy that is there already is the administrator’s.
  if (existsSync(policyFile)) return install();
  // Should this process be killed, what it leaves forbids nothing: it holds only while the process lives.
  const policy = `#!/bin/sh\n# vSocket installs packages\n[ -d /proc/${process.pid} ] && exit 101\nexit 0\n`;
  writeFileSync(policyFile, policy, { mode: 0o755 });
  try {
    install();
  } finally {
    rmSync(policyFile);
  }
}
