import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FixtureApi } from './fixture-api.js';
import { fixtureData } from './fixture-data.js';
import { runVsockctl, type Run } from './run-vsockctl.js';
import { SshServer } from './ssh-server.js';

/** Two fixture hosts, `alpha` and `beta`, behind one real sshd; their sockets are told apart by directory. */
export class FixtureFleet {
  private constructor(
    readonly directory: string,
    readonly ssh: SshServer,
    readonly alpha: FixtureApi,
    readonly beta: FixtureApi,
  ) {}

  static async start(flowsOfEach: number, settings: readonly string[] = []): Promise<FixtureFleet> {
    const directory = mkdtempSync(join(tmpdir(), 'vsockctl-test-'));
    const ssh = await SshServer.start(join(directory, 'ssh'), settings);
    const alpha = await FixtureApi.start(join(directory, 'alpha'), fixtureData('alpha', flowsOfEach));
    const beta = await FixtureApi.start(
      join(directory, 'beta'),
      fixtureData('beta', flowsOfEach, ['red3', 'blue3']),
    );
    const fleet = new FixtureFleet(directory, ssh, alpha, beta);
    fleet.configure(ssh.clientConfig('alpha beta'));
    return fleet;
  }

  configure(text: string): void {
    writeFileSync(join(this.directory, 'config'), text);
  }

  get environment(): Record<string, string> {
    return {
      VSOCKCTL_SSH_CONFIG: join(this.directory, 'config'),
      VSOCKCTL_HOSTS: 'alpha beta',
      VSOCKCTL_SOCKET_DIRECTORY: `${this.directory}/%h`,
    };
  }

  run(...words: string[]): Promise<Run> {
    return runVsockctl(words, this.environment);
  }

  /** Runs commands all at once that ask no host; what became of each, in their order. Those that do would wait for each other. */
  runAll(commands: readonly (readonly string[])[]): Promise<Run[]> {
    return Promise.all(commands.map((words) => this.run(...words)));
  }

  async stop(): Promise<void> {
    await Promise.all([this.alpha.stop(), this.beta.stop(), this.ssh.stop()]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
