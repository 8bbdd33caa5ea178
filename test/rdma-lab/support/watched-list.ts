import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { programFile } from '../../ctl/support/run-vsockctl.js';

/** `vsockctl LIST --watch`, outside: one login into emulated machines, which takes seconds, for many looks. */
export class WatchedList<Row extends { host: string; id: string }> {
  readonly #program: ChildProcess;
  readonly #lines: Interface;
  /** As they were last told. */
  readonly #rows = new Map<string, Row>();

  constructor(list: string, environment: NodeJS.ProcessEnv) {
    const words = [programFile, list, '--watch', '--delay', '1', '-o', 'jsonl', '--timeout', '100'];
    this.#program = spawn(process.execPath, words, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { HOME: '/nonexistent', ...environment },
    });
    this.#lines = createInterface({ input: this.#program.stdout! });
    this.#lines.on('line', (line) => {
      const row = JSON.parse(line) as Row;
      this.#rows.set(`${row.host} ${row.id}`, row);
    });
  }

  /** Waits until it holds for what is told from now on; returns that. */
  async until(what: string, holds: (rows: Row[]) => boolean, limitSeconds = 300): Promise<Row[]> {
    this.#rows.clear();
    const signal = AbortSignal.timeout(limitSeconds * 1000);
    for (;;) {
      await once(this.#lines, 'line', { signal }).catch(() => {
        throw new Error(`waited ${limitSeconds} s in vain until ${what}: ${this.#describe()}`);
      });
      const rows = [...this.#rows.values()];
      if (holds(rows)) return rows;
    }
  }

  #describe(): string {
    const { exitCode } = this.#program;
    return `${JSON.stringify([...this.#rows.values()])}${exitCode === null ? '' : `, vsockctl ended with ${exitCode}`}`;
  }

  async close(): Promise<void> {
    if (this.#program.exitCode !== null || this.#program.signalCode !== null) return;
    this.#program.kill('SIGTERM');
    await once(this.#program, 'exit');
  }
}
