import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fleet } from '../../../src/ctl/fleet/fleet.js';

/** Hosts that are all one port of this machine, with no key known of any. */
export class LocalFleet {
  readonly fleet: Fleet;
  private readonly directory = mkdtempSync(join(tmpdir(), 'vsockctl-test-'));

  constructor(names: readonly string[], port: number, timeoutMilliseconds: number) {
    const config = join(this.directory, 'config');
    writeFileSync(
      config,
      `Host *\n  HostName 127.0.0.1\n  Port ${String(port)}\n  UserKnownHostsFile none\n  GlobalKnownHostsFile none\n`,
    );
    this.fleet = new Fleet([...names], {
      environment: { ...process.env, VSOCKCTL_SSH_CONFIG: config },
      signal: new AbortController().signal,
      timeoutMilliseconds,
      socketDirectory: '/nowhere',
    });
  }

  close(): void {
    this.fleet.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
