import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programFile } from './run-vsockctl.js';

/** How long anything may take before a test fails: far more than it takes on a loaded machine. */
export const patienceMilliseconds = 60_000;

/** A real pseudo-terminal with a screen that can be looked at: a tmux server of its own. */
export class Terminal {
  readonly #directory = mkdtempSync(join(tmpdir(), 'vsockctl-test-'));

  /** Runs a plain shell, in which `top` is started by hand, as users do. */
  constructor(columns: number, rows: number, environment: Record<string, string>) {
    const variables = Object.entries({
      ...{ LC_ALL: 'C.UTF-8', PS1: '$ ', HISTFILE: '' },
      ...environment,
    }).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const size = ['-x', String(columns), '-y', String(rows)];
    this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, ...variables, 'bash --norc --noprofile');
  }

  /** Types `vsockctl WORDS` and Enter; afterwards the shell tells the exit code as `code=N`. */
  start(words: string, nodeOptions: readonly string[] = []): void {
    this.type(`${[process.execPath, ...nodeOptions, programFile].join(' ')} ${words}; echo code=$?`);
    this.press('Enter');
  }

  /** Presses keys by tmux's names. */
  press(...keys: string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  type(text: string): void {
    this.#tmux('send-keys', '-l', text);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  get screen(): string {
    return this.#tmux('capture-pane', '-p');
  }

  /** The screen with the escape sequences for colours and attributes. */
  get screenWithAttributes(): string {
    return this.#tmux('capture-pane', '-p', '-e');
  }

  /** What the terminal itself says: is the alternate screen on, is the cursor shown? */
  get modes(): { alternate: boolean; cursor: boolean } {
    const [alternate, cursor] = this.#tmux('display-message', '-p', '#{alternate_on} #{cursor_flag}')
      .trim()
      .split(' ');
    return { alternate: alternate === '1', cursor: cursor === '1' };
  }

  /** Process id of the shell. */
  get shell(): number {
    return Number(this.#tmux('display-message', '-p', '#{pane_pid}'));
  }

  /** Sends bytes that a program reads at once. */
  send(bytes: string): void {
    this.#tmux('send-keys', '-H', ...Buffer.from(bytes).toString('hex').match(/../g)!);
  }

  /** Waits until the screen shows something; what it shows then. */
  async until(pattern: RegExp): Promise<string> {
    const giveUp = performance.now() + patienceMilliseconds;
    for (;;) {
      const { screen } = this;
      if (pattern.test(screen)) return screen;
      assert.ok(performance.now() < giveUp, `waited in vain for ${String(pattern)}; the screen:\n${screen}`);
      await sleep(50);
    }
  }

  stop(): void {
    this.#tmux('kill-server');
    rmSync(this.#directory, { recursive: true });
  }

  #tmux(...words: string[]): string {
    return execFileSync('tmux', ['-u', '-S', join(this.#directory, 'tmux'), ...words], { encoding: 'utf8' });
  }
}
